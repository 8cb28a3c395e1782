// A closed-loop load generator for refreshes: each connection has a session, and sends the refresh token of each answer
// next. wrk needs a thread with a Lua of its own for each session, which takes a quarter of both cores from the server.
//
//     refresh_chains PORT SECONDS FILE     FILE holds a refresh token a line; each gets a connection
//
// One thread, epoll. Prints the answers, the microseconds that they took, and the answers that were no new token.
#include <sys/epoll.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>

#include "loopback.hpp"

namespace {

using bench::fail;
using Clock = std::chrono::steady_clock;

struct Chain {
    int fd = -1;
    std::string token;
    std::string received;
};

void send_request(const Chain& chain) {
    const std::string request = "POST /auth/v1/refresh HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                                chain.token + "\r\nContent-Length: 0\r\n\r\n";
    // The socket's buffer is empty and takes it whole.
    if (send(chain.fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
        fail("a request could not be sent");
    }
}

// The token of a complete answer; empty where it holds none.
std::string_view next_token(std::string_view answer) {
    constexpr std::string_view field = "\"refresh_token\":\"";
    const auto at = answer.find(field);
    if (!answer.starts_with("HTTP/1.1 200 ") || at == std::string_view::npos) return {};
    const std::string_view rest = answer.substr(at + field.size());
    return rest.substr(0, rest.find('"'));
}

struct Counts {
    unsigned long answers = 0;
    unsigned long others = 0;
};

void receive(Chain& chain, Counts& counts) {
    std::array<char, 8192> buffer;  // NOLINT: filled before it is read
    const ssize_t count = recv(chain.fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) fail("the server closed a connection");
    chain.received.append(buffer.data(), static_cast<std::size_t>(count));
    if (!bench::is_complete(chain.received)) return;
    ++counts.answers;
    const std::string_view token = next_token(chain.received);
    if (token.empty()) {
        ++counts.others;
    } else {
        chain.token = token;
    }
    chain.received.clear();
    send_request(chain);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 4) fail("usage: refresh_chains PORT SECONDS FILE");
    const int epoll = epoll_create1(0);
    std::deque<Chain> chains;
    std::ifstream file(arguments[3]);
    for (std::string token; std::getline(file, token);) {
        Chain& chain = chains.emplace_back();
        chain.token = token;
        chain.fd = bench::connect_to(static_cast<std::uint16_t>(std::atoi(arguments[1])));
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &chain;
        epoll_ctl(epoll, EPOLL_CTL_ADD, chain.fd, &event);
    }
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::seconds(std::atoi(arguments[2]));
    for (const Chain& chain : chains) send_request(chain);
    Counts counts;
    while (Clock::now() < end) {
        std::array<epoll_event, 128> events{};
        const int ready = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), 1000);
        for (int i = 0; i < ready; ++i) {
            receive(*static_cast<Chain*>(events.at(static_cast<std::size_t>(i)).data.ptr), counts);
        }
    }
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
    std::printf("%lu %lld %lu\n", counts.answers, static_cast<long long>(took.count()), counts.others);
    return 0;
}

// An open-loop load generator: requests are due at fixed times whatever the server does, and a latency counts from the
// time that its request was due. So a server that stalls cannot make the generator wait with it and hide the stall
// (coordinated omission).
//
//     open_loop PORT SECONDS STREAM...     STREAM is NAME:RATE:CONNECTIONS:FILE
//
// FILE holds HTTP/1.1 requests, each as "<bytes>\n<request>"; they are sent in turn. One thread, epoll. When every
// connection of a stream is busy its requests wait, and their latency with them. Prints one JSON object: for each
// stream what was offered, the answers by status, latencies in microseconds, and `lag_p99_us`, how late the generator
// itself was in sending while it had a connection to spare: when that is not far below the latencies, the generator
// was the limit and the figures say nothing of the server.
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "loopback.hpp"

namespace {

using bench::fail;
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using std::chrono::microseconds;
using std::chrono::nanoseconds;

std::vector<std::string> read_requests(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<std::string> requests;
    for (std::string line; std::getline(in, line);) {
        std::string request(std::stoul(line), '\0');
        if (!in.read(request.data(), static_cast<std::streamsize>(request.size()))) fail(file + " ends too early");
        requests.push_back(std::move(request));
    }
    if (requests.empty()) fail(file + " holds no requests");
    return requests;
}

std::int64_t microseconds_between(Time from, Time to) {
    return std::chrono::duration_cast<microseconds>(to - from).count();
}

struct Stream;

struct Connection {
    Stream* stream = nullptr;
    int fd = -1;
    bool busy = false;
    Time due;
    std::string_view unsent;
    std::string received;
};

struct Due {
    Time time;
    bool had_to_wait = false;  // for a connection: then its lateness is the server's
};

struct Stream {
    std::string name;
    double rate = 0;
    std::size_t connection_count = 0;
    std::vector<std::string> requests;

    std::vector<std::unique_ptr<Connection>> connections;
    std::vector<Connection*> idle;
    std::deque<Due> waiting;
    std::uint64_t scheduled = 0;
    std::uint64_t sent = 0;
    std::uint64_t broken = 0;                            // connections that ended in the middle of a request
    std::map<int, std::vector<std::int64_t>> latencies;  // by status
    std::vector<std::int64_t> lags;
};

Stream parse_stream(const std::string& text) {
    std::istringstream in(text);
    Stream stream;
    std::string rate;
    std::string connections;
    std::string file;
    std::getline(in, stream.name, ':');
    std::getline(in, rate, ':');
    std::getline(in, connections, ':');
    std::getline(in, file);
    stream.rate = std::strtod(rate.c_str(), nullptr);
    stream.connection_count = std::strtoul(connections.c_str(), nullptr, 10);
    if (stream.rate <= 0 || stream.connection_count == 0) fail("not a stream: " + text);
    stream.requests = read_requests(file);
    return stream;
}

class Generator {
public:
    Generator(std::uint16_t port, std::deque<Stream>& streams)
        : port_(port), streams_(streams), epoll_(epoll_create1(0)) {
        for (Stream& stream : streams_) {
            for (std::size_t i = 0; i < stream.connection_count; ++i) {
                stream.connections.push_back(std::make_unique<Connection>());
                stream.connections.back()->stream = &stream;
                open(*stream.connections.back());
                stream.idle.push_back(stream.connections.back().get());
            }
        }
    }

    // Offers for `seconds`, and then waits `drain` for what is still on its way.
    void run(std::chrono::seconds seconds, std::chrono::seconds drain) {
        begin_ = Clock::now();
        const Time end = begin_ + seconds;
        while (Clock::now() < end + drain) {
            const Time now = Clock::now();
            if (now < end) schedule(now);
            send_what_is_due();
            if (now >= end && is_done()) break;
            receive(next_due(now, end));
        }
    }

private:
    void open(Connection& connection) {
        connection.fd = bench::connect_to(port_);
        fcntl(connection.fd, F_SETFL, O_NONBLOCK);
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
        connection.received.clear();
        connection.busy = false;
    }

    static Time due_time(const Stream& stream, Time begin, std::uint64_t number) {
        return begin + nanoseconds(static_cast<std::int64_t>(static_cast<double>(number) / stream.rate * 1e9));
    }

    void schedule(Time now) {
        for (Stream& stream : streams_) {
            for (Time due = due_time(stream, begin_, stream.scheduled); due <= now;
                 due = due_time(stream, begin_, ++stream.scheduled)) {
                stream.waiting.push_back({due, stream.idle.empty()});
            }
        }
    }

    void send_what_is_due() {
        for (Stream& stream : streams_) {
            while (!stream.waiting.empty() && !stream.idle.empty()) {
                Connection& connection = *stream.idle.back();
                stream.idle.pop_back();
                const Due due = stream.waiting.front();
                stream.waiting.pop_front();
                if (!due.had_to_wait) stream.lags.push_back(microseconds_between(due.time, Clock::now()));
                connection.busy = true;
                connection.due = due.time;
                connection.unsent = stream.requests[stream.sent++ % stream.requests.size()];
                flush(connection);
            }
        }
    }

    void flush(Connection& connection) {
        while (!connection.unsent.empty()) {
            const ssize_t count = send(connection.fd, connection.unsent.data(), connection.unsent.size(), MSG_NOSIGNAL);
            if (count < 0) return;  // requests are small: the socket's buffer takes them, or the connection is gone
            connection.unsent.remove_prefix(static_cast<std::size_t>(count));
        }
    }

    [[nodiscard]] bool is_done() const {
        return std::all_of(streams_.begin(), streams_.end(), [](const Stream& stream) {
            return stream.waiting.empty() && stream.idle.size() == stream.connections.size();
        });
    }

    [[nodiscard]] Time next_due(Time now, Time end) const {
        Time next = now + std::chrono::milliseconds(50);
        if (now >= end) return next;
        for (const Stream& stream : streams_) next = std::min(next, due_time(stream, begin_, stream.scheduled));
        return next;
    }

    void receive(Time until) {
        std::array<epoll_event, 256> events{};
        const auto left = std::chrono::duration_cast<nanoseconds>(until - Clock::now());
        const timespec wait{left.count() > 0 ? left.count() / 1'000'000'000 : 0,
                            left.count() > 0 ? left.count() % 1'000'000'000 : 0};
        const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
        for (int i = 0; i < count; ++i)
            read(*static_cast<Connection*>(events.at(static_cast<std::size_t>(i)).data.ptr));
    }

    void read(Connection& connection) {
        std::array<char, 16384> buffer;
        while (true) {
            const ssize_t count = recv(connection.fd, buffer.data(), buffer.size(), 0);
            if (count > 0) {
                connection.received.append(buffer.data(), static_cast<std::size_t>(count));
                finish_if_complete(connection);
            } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
                reopen(connection);
                return;
            } else {
                return;
            }
        }
    }

    void finish_if_complete(Connection& connection) {
        if (!connection.busy || !bench::is_complete(connection.received)) return;
        const int status = std::atoi(connection.received.c_str() + 9);
        connection.stream->latencies[status].push_back(microseconds_between(connection.due, Clock::now()));
        connection.received.clear();
        connection.busy = false;
        connection.stream->idle.push_back(&connection);
    }

    void reopen(Connection& connection) {
        if (connection.busy) {
            connection.stream->broken++;
            connection.stream->idle.push_back(&connection);
        }
        close(connection.fd);
        open(connection);
    }

    std::uint16_t port_;
    std::deque<Stream>& streams_;
    int epoll_;
    Time begin_;
};

std::int64_t percentile(std::vector<std::int64_t>& values, double share) {
    if (values.empty()) return 0;
    const auto at = std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
    return values[at];
}

void print(std::deque<Stream>& streams) {
    std::printf("{");
    for (std::size_t i = 0; i < streams.size(); ++i) {
        Stream& stream = streams[i];
        std::printf(
            "%s\"%s\": {\"offered\": %llu, \"sent\": %llu, \"broken\": %llu, \"lag_p99_us\": %lld, \"statuses\": {",
            i == 0 ? "" : ", ", stream.name.c_str(), static_cast<unsigned long long>(stream.scheduled),
            static_cast<unsigned long long>(stream.sent), static_cast<unsigned long long>(stream.broken),
            static_cast<long long>(percentile(stream.lags, 0.99)));
        bool first = true;
        for (auto& [status, values] : stream.latencies) {
            std::printf("%s\"%d\": {\"count\": %zu, \"p50_us\": %lld, \"p99_us\": %lld, \"max_us\": %lld}",
                        first ? "" : ", ", status, values.size(), static_cast<long long>(percentile(values, 0.5)),
                        static_cast<long long>(percentile(values, 0.99)),
                        static_cast<long long>(percentile(values, 1)));
            first = false;
        }
        std::printf("}}");
    }
    std::printf("}\n");
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 4) fail("usage: open_loop PORT SECONDS NAME:RATE:CONNECTIONS:FILE...");
    std::deque<Stream> streams;
    for (int i = 3; i < count; ++i) streams.push_back(parse_stream(arguments[i]));
    Generator generator(static_cast<std::uint16_t>(std::atoi(arguments[1])), streams);
    generator.run(std::chrono::seconds(std::atoi(arguments[2])), std::chrono::seconds(10));
    print(streams);
    return 0;
}

// For the tests of this room: a client that sends raw bytes, and a server to send them to.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "http/lane.hpp"
#include "http/server.hpp"

namespace postern::http::testing {

using namespace std::chrono_literals;

struct Answer {
    int status = 0;  // 0: the connection ended instead
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;

    [[nodiscard]] std::string header(std::string_view name) const {
        for (const auto& [field, value] : headers) {
            if (equal_ignoring_case(field, name)) return value;
        }
        return "";
    }
    [[nodiscard]] bool has(std::string_view name) const {
        for (const auto& [field, value] : headers) {
            if (equal_ignoring_case(field, name)) return true;
        }
        return false;
    }
};

// Blocking, with a time-out of five seconds on every read.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval time_out{.tv_sec = 5, .tv_usec = 0};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time_out, sizeof time_out);
        ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &time_out, sizeof time_out);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    ~Client() { close(); }
    Client(Client&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)),
          connected_(other.connected_),
          received_(std::move(other.received_)) {}
    Client& operator=(Client&&) = delete;
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] int native() const { return socket_; }
    void close() {
        if (socket_ >= 0) ::close(std::exchange(socket_, -1));
    }
    void finish_sending() const { ::shutdown(socket_, SHUT_WR); }

    // How many bytes went out before the peer closed.
    std::size_t send(std::string_view bytes) const {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            const ssize_t count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) break;
            sent += static_cast<std::size_t>(count);
        }
        return sent;
    }

    // `head`: the answer to a HEAD request, which has no body.
    Answer read(bool head = false) {
        Answer answer;
        std::size_t end = 0;
        while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
            if (!receive()) return answer;
        }
        parse_header(answer, received_.substr(0, end + 2));
        received_.erase(0, end + 4);
        const std::size_t length = head ? 0 : std::strtoul(answer.header("Content-Length").c_str(), nullptr, 10);
        while (received_.size() < length) {
            if (!receive()) break;
        }
        answer.body = received_.substr(0, length);
        received_.erase(0, length);
        return answer;
    }

    Answer ask(std::string_view bytes) {
        send(bytes);
        return read(bytes.starts_with("HEAD "));
    }

    // Whether the server closes, with nothing more to read.
    bool is_closed() { return received_.empty() && !receive() && !timed_out_; }

private:
    bool receive() {
        char bytes[65536];
        const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
        timed_out_ = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
        if (count <= 0) return false;
        received_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }

    static void parse_header(Answer& answer, std::string_view text) {
        answer.status = std::atoi(std::string(text.substr(9, 3)).c_str());
        std::size_t start = text.find("\r\n") + 2;
        while (start < text.size()) {
            const std::size_t end = text.find("\r\n", start);
            const std::string_view line = text.substr(start, end - start);
            const std::size_t colon = line.find(':');
            answer.headers.emplace_back(line.substr(0, colon), trim_spaces(line.substr(colon + 1)));
            start = end + 2;
        }
    }

    int socket_;
    bool connected_ = false;
    bool timed_out_ = false;
    std::string received_;
};

inline std::string get(std::string_view path, std::string_view headers = "") {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: test\r\n" + std::string(headers) + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

inline Response text_response(std::string body) {
    return {.content_type = "text/plain", .body = std::move(body)};
}

// A server on a free port, with routes for every case.
class ServerTest : public ::testing::Test {
protected:
    ServerTest() : lane_({.name = "slow", .workers = 4, .queue_entries = 64, .queue_time = 5s}) { add_routes(); }

    Server& start(ServerOptions options = {}) {
        options.access_log = false;
        auto started = Server::start(std::move(options), router_, metrics_);
        EXPECT_TRUE(started.has_value()) << started.error().message;
        server_ = std::move(started).take();
        return *server_;
    }
    [[nodiscard]] Client connect() const { return Client(server_->port()); }
    // On a connection of its own.
    [[nodiscard]] Answer ask(std::string_view bytes) const { return connect().ask(bytes); }

    // Work on the lane that sleeps; GET /slow answers after it.
    std::chrono::milliseconds slow_time_ = 300ms;
    std::atomic<int> slow_begun_ = 0;  // how many of GET /slow

    Router router_;
    Metrics metrics_;
    Lane lane_;
    std::unique_ptr<Server> server_;

private:
    void add_routes() {
        router_.add(Method::get, "/hello", InlineHandler([](const Request&) { return text_response("hello"); }));
        router_.add(Method::post, "/echo",
                    InlineHandler([](const Request& request) { return text_response(request.body); }));
        router_.add(Method::get, "/items/{id}", InlineHandler([](const Request& request) {
                        return text_response(request.path_parameters.at(0).second + "?" + request.query);
                    }));
        router_.add(Method::get, "/who",
                    InlineHandler([](const Request& request) { return text_response(request.client_address); }));
        router_.add(Method::get, "/large", InlineHandler([](const Request&) {
                        return text_response(std::string(std::size_t{16} << 20U, 'x'));
                    }));
        router_.add(Method::get, "/cached", InlineHandler([](const Request&) {
                        return text_response("c").with("Cache-Control", "max-age=60");
                    }));
        router_.add(Method::get, "/split", InlineHandler([](const Request&) {
                        return text_response("s").with("X-Bad", "a\r\nX-Injected: 1");
                    }));
        router_.add(Method::get, "/throw",
                    InlineHandler([](const Request&) -> Response { throw std::runtime_error("inline bug"); }));
        router_.add(Method::get, "/no-memory",
                    InlineHandler([](const Request&) -> Response { throw std::bad_alloc(); }));
        router_.add(Method::get, "/throw-later",
                    AsyncHandler([this](const Request& request) { return throw_later(request); }));
        router_.add(Method::get, "/slow", AsyncHandler([this](const Request& request) { return slow(request); }));
    }

    boost::asio::awaitable<Response> slow(const Request&) {
        ++slow_begun_;
        auto work = [this]() -> Result<int> {
            std::this_thread::sleep_for(slow_time_);
            return 1;
        };
        const Result<int> done = co_await lane_.run(Turn::usual, std::move(work));
        co_return text_response(done ? "slow" : "refused");
    }
    boost::asio::awaitable<Response> throw_later(const Request&) {
        auto work = []() -> Result<int> { return 1; };
        const Result<int> done = co_await lane_.run(Turn::usual, std::move(work));
        if (done) throw std::runtime_error("late bug");
        co_return Response{};
    }
};

}  // namespace postern::http::testing

// What a hostile or broken client sees: a clear refusal, a closed connection, and a server that goes on.
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "http/testing.hpp"

namespace postern::http {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::Client;
using testing::get;
using testing::post;

class ServerRefuses : public testing::ServerTest {
protected:
    // One refusal as JSON with that status, then the end of the connection: nothing that came behind was served.
    void expect_refused(const std::string& bytes, int status, std::string_view code = "malformed_request") {
        SCOPED_TRACE(bytes.substr(0, 200));
        Client client = connect();
        const Answer answer = client.ask(bytes);
        EXPECT_EQ(answer.status, status);
        EXPECT_EQ(answer.header("Connection"), "close");
        EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
        EXPECT_FALSE(answer.header("X-Request-Id").empty());
        if (!bytes.starts_with("HEAD ")) {
            EXPECT_EQ(answer.header("Content-Type"), "application/json");
            EXPECT_NE(answer.body.find("\"code\":\"" + std::string(code) + "\""), std::string::npos) << answer.body;
        }
        client.finish_sending();
        EXPECT_TRUE(client.is_closed());
    }
    void TearDown() override {
        if (server_ == nullptr) return;
        EXPECT_EQ(ask(get("/hello")).body, "hello");
    }
};

using ServerDeadlines = ServerRefuses;
using ServerConnections = ServerRefuses;

constexpr std::string_view smuggled = "GET /items/smuggled HTTP/1.1\r\nHost: t\r\n\r\n";

std::string request(std::string_view line, std::string_view headers, std::string_view rest = smuggled) {
    return std::string(line) + "\r\n" + std::string(headers) + "\r\n" + std::string(rest);
}

TEST_F(ServerRefuses, AmbiguousLengths) {
    start();
    const std::string post_line = "POST /echo HTTP/1.1";
    const std::string host = "Host: t\r\n";
    expect_refused(request(post_line, host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
    expect_refused(request(post_line, host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"), 400);
    expect_refused(request(post_line, host + "Transfer-Encoding: gzip\r\nContent-Length: 0\r\n"), 400);
    expect_refused(request(post_line, host + "Content-Length: 0\r\nTransfer-Encoding: identity\r\n"), 400);
    expect_refused(request(post_line, host + "Content-Length: 0\r\nContent-Length: 5\r\n", "hello"), 400);
    expect_refused(request(post_line, host + "Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), 400,
                   "duplicate_header");
    expect_refused(request(post_line, host + "Content-Length: 5, 5\r\n", "hello"), 400);
    for (const char* length : {"-1", "+5", "5 5", "0x5", "5a", "", "18446744073709551616"}) {
        expect_refused(request(post_line, host + "Content-Length: " + length + "\r\n", "hello"), 400);
    }
}

TEST_F(ServerRefuses, TransferCodings) {
    start();
    const std::string post_line = "POST /echo HTTP/1.1";
    const std::string host = "Host: t\r\n";
    for (const char* coding : {"gzip", "gzip, chunked", "chunked, gzip", "xchunked", "identity", "\"chunked\"", ""}) {
        expect_refused(request(post_line, host + "Transfer-Encoding: " + coding + "\r\n", "0\r\n\r\n"), 501,
                       "unsupported_transfer_encoding");
    }
    expect_refused(request(post_line, host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400);
    expect_refused(request(post_line, host + "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"), 400,
                   "duplicate_header");
    expect_refused(request(post_line, host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), 400);
    expect_refused(request(post_line, host + "Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), 400);
    expect_refused(request("POST /echo HTTP/1.0", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400);
}

TEST_F(ServerRefuses, BrokenChunks) {
    start();
    const std::string head = request("POST /echo HTTP/1.1", "Host: t\r\nTransfer-Encoding: chunked\r\n", "");
    for (const char* body :
         {"g\r\nx\r\n0\r\n\r\n", "-1\r\nx\r\n0\r\n\r\n", "1\nx\n0\n\n\r\n", "1\r\nxy\r\n0\r\n\r\n",
          " 1\r\nx\r\n0\r\n\r\n", "0x1\r\nx\r\n0\r\n\r\n", "1;a\nb\r\nx\r\n0\r\n\r\n", "1;\"\r\nx\r\n0\r\n\r\n",
          "\r\n1\r\nx\r\n0\r\n\r\n", "fffffffffffffffff\r\nx\r\n0\r\n\r\n", "2;a=\"\nb\"\r\n{}\r\n0\r\n\r\n",
          "0\r\nContent-Length: 5\r\n\r\n", "0\r\nno colon\r\n\r\n"}) {
        expect_refused(head + body, 400);
    }
}

TEST_F(ServerRefuses, ChunkedBodiesPastTheLimit) {
    ServerOptions options;
    options.request_limits.body_bytes = 1000;
    start(options);
    const std::string head = request("POST /echo HTTP/1.1", "Host: t\r\nTransfer-Encoding: chunked\r\n", "");
    expect_refused(head + "ffffffff\r\n", 413, "body_too_large");
    std::string many;
    for (int i = 0; i < 11; ++i) many += "64\r\n" + std::string(100, 'x') + "\r\n";
    expect_refused(head + many + "0\r\n\r\n", 413, "body_too_large");
    // A byte of body in each chunk, and a long extension beside it.
    std::string wordy;
    for (int i = 0; i < 100; ++i) wordy += "1;e=" + std::string(400, 'e') + "\r\nx\r\n";
    expect_refused(head + wordy + "0\r\n\r\n", 413, "body_too_large");
    expect_refused(head + "1;" + std::string(40'000, 'e'), 400);
    expect_refused(head + "0\r\n" + std::string(40'000, 't'), 400);
}

TEST_F(ServerRefuses, TooLargeBodyBeforeReadingIt) {
    start();
    Client client = connect();
    const Answer answer = client.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10485760\r\n\r\n");
    EXPECT_EQ(answer.status, 413);
    EXPECT_EQ(answer.header("Connection"), "close");
    // A client that sends all of it first still gets to read the answer.
    expect_refused(post("/echo", std::string(std::size_t{10} << 20U, 'x')), 413, "body_too_large");
    EXPECT_EQ(ask(post("/echo", std::string(limits::http_body_bytes, 'x'))).body.size(), limits::http_body_bytes);
}

TEST_F(ServerRefuses, BodyOfGetIsNotTheNextRequest) {
    start();
    Client client = connect();
    const std::string body(smuggled);
    client.send("GET /hello HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body +
                get("/items/next"));
    const auto refused = client.read();
    EXPECT_EQ(refused.status, 400);
    EXPECT_NE(refused.body.find("unexpected_body"), std::string::npos);
    EXPECT_EQ(client.read().body, "next?");
    client.finish_sending();
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerRefuses, ForeignLineEndings) {
    start();
    expect_refused("GET /hello HTTP/1.1\nHost: t\n\n", 400);
    expect_refused("GET /hello HTTP/1.1\r\nHost: t\n\r\n", 400);
    expect_refused("GET /hello HTTP/1.1\r\nHost: t\r\rX: y\r\n\r\n", 400);
    expect_refused("GET /hello HTTP/1.1\r\nHost: t\r\nX: a\r\n folded\r\n\r\n", 400);
    expect_refused("GET /hello HTTP/1.1\r\n Host: t\r\n\r\n", 400);
    expect_refused("GET /hello HTTP/1.1\r\nHost: t\r\n\tTransfer-Encoding: chunked\r\n\r\n", 400);
    EXPECT_EQ(ask("\r\n\r\nGET /hello HTTP/1.1\r\nHost: t\r\n\r\n").body, "hello");
}

TEST_F(ServerRefuses, ControlCharacters) {
    start();
    for (const char c : {'\0', '\x01', '\x0b', '\x1b', '\x7f'}) {
        expect_refused(get("/hello", std::string("X: a") + c + "b\r\n"), 400);
        expect_refused(get(std::string("/hel") + c + "lo"), 400);
    }
    EXPECT_EQ(ask(get("/hello", "X: a\tb\r\n")).status, 200);
}

TEST_F(ServerRefuses, MalformedRequestLinesAndHeaders) {
    start();
    for (const char* line :
         {"GET", "GET /hello", "GET  /hello HTTP/1.1", "GET /hello  HTTP/1.1", " GET /hello HTTP/1.1",
          "GET hello HTTP/1.1", "GET /he llo HTTP/1.1", "GET * HTTP/1.1", "GET /a#b HTTP/1.1",
          "GET ftp://t/hello HTTP/1.1", "GET /\xc3\xa4 HTTP/1.1", "G(T /hello HTTP/1.1"}) {
        SCOPED_TRACE(line);
        const int status = connect().ask(request(line, "Host: t\r\n", "")).status;
        EXPECT_TRUE(status == 400 || status == 505) << status;
    }
    for (const char* field : {"no colon", ": empty name", "a b: c", "a(b): c", "a\xc3: c"}) {
        expect_refused(get("/hello", std::string(field) + "\r\n"), 400);
    }
    expect_refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unsupported_version");
    expect_refused("GET /hello HTTP/1.7\r\nHost: t\r\n\r\n", 505, "unsupported_version");
    expect_refused(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400);  // TLS to a port without it
}

TEST_F(ServerRefuses, HostHeaders) {
    start();
    expect_refused("GET /hello HTTP/1.1\r\n\r\n", 400, "missing_host");
    expect_refused("GET /hello HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400, "duplicate_header");
    expect_refused("GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", 400);
    expect_refused("GET /hello HTTP/1.1\r\nHost: a@b\r\n\r\n", 400);
    EXPECT_EQ(ask("GET /hello HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n").status, 200);
    EXPECT_EQ(ask("GET /hello HTTP/1.0\r\n\r\n").status, 200);
}

TEST_F(ServerRefuses, DuplicatesThatDecide) {
    start();
    expect_refused(get("/hello", "Authorization: Bearer a\r\nauthorization: Bearer b\r\n"), 400, "duplicate_header");
    expect_refused(get("/hello", "Content-Type: a/b\r\nContent-Type: a/b\r\n"), 400, "duplicate_header");
    EXPECT_EQ(ask(get("/hello", "Accept: a/b\r\nAccept: c/d\r\n")).status, 200);
}

TEST_F(ServerRefuses, MethodsItDoesNotKnow) {
    start();
    expect_refused(request("CONNECT t:80 HTTP/1.1", "Host: t\r\n"), 501, "method_not_implemented");
    for (const char* line : {"BREW /hello HTTP/1.1", "TRACE /hello HTTP/1.1", "QUERY /hello HTTP/1.1"}) {
        const Answer answer = ask(request(line, "Host: t\r\n"));
        EXPECT_EQ(answer.status, 405) << line;
        EXPECT_EQ(answer.header("Allow"), "GET, HEAD, OPTIONS") << line;
    }
    const Answer upgrade = ask(get("/hello", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_EQ(upgrade.status, 200);
}

TEST_F(ServerRefuses, LongHeaders) {
    start();
    expect_refused(get("/" + std::string(5000, 'a')), 414, "target_too_long");
    expect_refused("GET /" + std::string(20'000, 'a'), 414, "target_too_long");
    expect_refused(get("/hello", "X: " + std::string(20'000, 'a') + "\r\n"), 431, "headers_too_large");
    std::string thousand;
    for (int i = 0; i < 1000; ++i) thousand += "a:" + std::to_string(i) + "\r\n";
    expect_refused(get("/hello", thousand), 431, "headers_too_large");
    EXPECT_EQ(ask(get("/hello", "X: " + std::string(10'000, 'a') + "\r\n")).status, 200);
}

std::size_t resident_kib() {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmRSS:")) return std::strtoul(line.c_str() + 6, nullptr, 10);
    }
    return 0;
}

TEST_F(ServerRefuses, HeaderThatNeverEnds) {
    start();
    const std::size_t before = resident_kib();
    const std::string endless(1 << 20U, 'a');
    for (int i = 0; i < 30; ++i) {
        Client client = connect();
        client.send("GET /hello HTTP/1.1\r\nX: ");
        client.send(endless);
        EXPECT_EQ(client.read().status, 431);
    }
    EXPECT_LT(resident_kib(), before + 16 * 1024);  // sanitizers keep a shadow of what was freed
}

TEST_F(ServerRefuses, NothingIsLeftOverFromTheRequestBefore) {
    start({.cors_origins = {"https://app.example"}});
    Client client = connect();
    client.ask("HEAD /hello HTTP/1.1\r\nHost: t\r\nX-Request-Id: first\r\nOrigin: https://app.example\r\n\r\n");
    const Answer answer = client.ask("nonsense\r\n\r\n");
    EXPECT_EQ(answer.status, 400);
    EXPECT_NE(answer.body.find("malformed_request"), std::string::npos);
    EXPECT_NE(answer.header("X-Request-Id"), "first");
    EXPECT_FALSE(answer.has("Access-Control-Allow-Origin"));
}

ServerOptions impatient() {
    ServerOptions options;
    options.connection_limits.header_time = 200ms;
    options.connection_limits.body_time = 200ms;
    options.connection_limits.write_time = 300ms;
    options.connection_limits.idle_time = 200ms;
    options.connection_limits.linger_time = 100ms;
    return options;
}

TEST_F(ServerDeadlines, DrippedHeader) {
    start(impatient());
    Client client = connect();
    const auto begin = std::chrono::steady_clock::now();
    std::size_t dripped = 0;
    while (client.send("G") == 1 && dripped < 100 && std::chrono::steady_clock::now() - begin < 2s) {
        ++dripped;
        std::this_thread::sleep_for(20ms);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);  // each byte came in time, and extended nothing
    Client polite = connect();
    polite.send("GET /hello HTTP/1.1\r\nHost: t\r\n");
    const Answer answer = polite.read();
    EXPECT_EQ(answer.status, 408);
    EXPECT_NE(answer.body.find("request_timeout"), std::string::npos);
    EXPECT_TRUE(polite.is_closed());
}

TEST_F(ServerDeadlines, DrippedBody) {
    start(impatient());
    Client client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1000\r\n\r\n");
    std::thread drip([&client] {
        for (int i = 0; i < 20; ++i) {
            client.send("x");
            std::this_thread::sleep_for(20ms);
        }
    });
    EXPECT_EQ(client.read().status, 408);
    drip.join();
}

TEST_F(ServerDeadlines, IdleConnection) {
    start(impatient());
    Client fresh = connect();
    Client used = connect();
    EXPECT_EQ(used.ask(get("/hello")).status, 200);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(used.is_closed());
    EXPECT_TRUE(fresh.is_closed());
    EXPECT_GT(std::chrono::steady_clock::now() - begin, 100ms);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
}

TEST_F(ServerDeadlines, BelongToTheirConnectionWhicheverOthersEnd) {
    slow_time_ = 500ms;
    ServerOptions options = impatient();
    options.io_threads = 1;
    start(options);
    std::vector<std::optional<Client>> idle;
    std::vector<Client> busy;
    for (int i = 0; i < 40; ++i) {
        idle.emplace_back(connect());
        EXPECT_EQ(idle.back()->ask(get("/hello")).status, 200);
        if (i % 10 != 0) continue;
        busy.push_back(connect());
        busy.back().send(get("/slow"));
    }
    const auto begin = std::chrono::steady_clock::now();
    idle.emplace_back(connect());
    EXPECT_EQ(idle.back()->ask(get("/hello")).status, 200);
    for (std::size_t i = 0; i < idle.size(); i += 3) idle[i].reset();
    for (auto& client : idle) EXPECT_TRUE(!client.has_value() || client->is_closed());
    EXPECT_GT(std::chrono::steady_clock::now() - begin, 200ms);
    for (Client& client : busy) EXPECT_EQ(client.read().body, "slow");  // which has no deadline, and longer than theirs
}

TEST_F(ServerDeadlines, ReaderThatDoesNotRead) {
    start(impatient());
    Client client = connect();
    client.send(get("/large"));
    std::this_thread::sleep_for(600ms);
    EXPECT_LT(client.read().body.size(), std::size_t{16} << 20U);
}

TEST_F(ServerDeadlines, SlowHandlerHasNone) {
    slow_time_ = 500ms;
    start(impatient());
    EXPECT_EQ(ask(get("/slow")).body, "slow");
}

TEST_F(ServerConnections, IdleOnesMakeRoom) {
    ServerOptions options;
    options.connection_limits.connections = 3;
    start(options);
    std::vector<Client> idle;
    for (int i = 0; i < 3; ++i) {
        idle.push_back(connect());
        EXPECT_EQ(idle.back().ask(get("/hello")).status, 200);
    }
    for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(get("/hello")).status, 200);
    EXPECT_TRUE(idle.front().is_closed());
}

TEST_F(ServerConnections, BusyOnesMakeTheOthersWait) {
    ServerOptions options;
    options.connection_limits.connections = 2;
    start(options);
    Client first = connect();
    Client second = connect();
    first.send(get("/slow", "Connection: close\r\n"));
    second.send(get("/slow", "Connection: close\r\n"));
    while (slow_begun_ < 2) std::this_thread::sleep_for(1ms);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(ask(get("/hello")).body, "hello");
    EXPECT_GT(std::chrono::steady_clock::now() - begin, 150ms);
    EXPECT_EQ(first.read().body, "slow");
    EXPECT_EQ(second.read().body, "slow");
    EXPECT_NE(metrics_.text().find(R"(postern_http_connections_refused_total{reason="no_free_slot"} )"),
              std::string::npos);
}

}  // namespace
}  // namespace postern::http

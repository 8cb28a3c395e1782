// What a well-behaved client sees.
#include "http/server.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <regex>
#include <thread>

#include "http/testing.hpp"

namespace postern::http {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::Client;
using testing::get;
using testing::post;
using ServerAnswers = testing::ServerTest;
using ServerStart = testing::ServerTest;
using ServerStop = testing::ServerTest;

TEST_F(ServerAnswers, GetWithEveryHeader) {
    start();
    const Answer answer = ask(get("/hello"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
    EXPECT_EQ(answer.header("Content-Type"), "text/plain");
    EXPECT_EQ(answer.header("Content-Length"), "5");
    EXPECT_EQ(answer.header("Cache-Control"), "no-store");
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(answer.header("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
    EXPECT_EQ(answer.header("X-Frame-Options"), "DENY");
    EXPECT_FALSE(answer.has("Strict-Transport-Security"));
    EXPECT_FALSE(answer.has("Server"));
    EXPECT_TRUE(std::regex_match(answer.header("Date"), std::regex("\\w{3}, \\d\\d \\w{3} \\d{4} [\\d:]{8} GMT")));
}

TEST_F(ServerAnswers, HeadLikeGetWithoutBody) {
    start();
    Client client = connect();
    for (int i = 0; i < 2; ++i) {
        const Answer answer = client.ask("HEAD /hello HTTP/1.1\r\nHost: test\r\n\r\n");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.header("Content-Length"), "5");
    }
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST_F(ServerAnswers, UnroutedRequests) {
    start();
    const Answer missing = ask(get("/nothing"));
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(missing.header("Content-Type"), "application/json");
    EXPECT_EQ(missing.body, R"({"error":"There is nothing at this path","code":"not_found"})");
    EXPECT_EQ(ask(get("/hello/")).status, 404);
    const Answer wrong_method = ask(post("/hello", ""));
    EXPECT_EQ(wrong_method.status, 405);
    EXPECT_EQ(wrong_method.header("Allow"), "GET, HEAD, OPTIONS");
    EXPECT_NE(wrong_method.body.find("method_not_allowed"), std::string::npos);
    const Answer options = ask("OPTIONS /echo HTTP/1.1\r\nHost: test\r\n\r\n");
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options.header("Allow"), "POST, OPTIONS");
    EXPECT_FALSE(options.has("Content-Length"));
}

TEST_F(ServerAnswers, ParametersAndQuery) {
    start();
    EXPECT_EQ(ask(get("/items/a%20b?x=1&y")).body, "a%20b?x=1&y");
    EXPECT_EQ(ask(get("http://test/items/7?q")).body, "7?q");
    EXPECT_EQ(ask(get("/items/")).status, 404);
}

TEST_F(ServerAnswers, CacheControlOfTheHandler) {
    start();
    EXPECT_EQ(ask(get("/cached")).header("Cache-Control"), "max-age=60");
}

TEST_F(ServerAnswers, HandlerCannotSplitTheAnswer) {
    start();
    const Answer answer = ask(get("/split"));
    EXPECT_EQ(answer.status, 200);
    EXPECT_FALSE(answer.has("X-Injected"));
    EXPECT_FALSE(answer.has("X-Bad"));
}

TEST_F(ServerAnswers, RequestIds) {
    start();
    EXPECT_EQ(ask(get("/hello", "X-Request-Id: abc-1.2_Z\r\n")).header("X-Request-Id"), "abc-1.2_Z");
    const std::string made = ask(get("/hello")).header("X-Request-Id");
    EXPECT_FALSE(made.empty());
    EXPECT_NE(made, ask(get("/hello")).header("X-Request-Id"));
    for (const std::string& bad : {std::string("a b"), std::string("a\"b"), std::string(65, 'a')}) {
        const std::string id = ask(get("/hello", "X-Request-Id: " + bad + "\r\n")).header("X-Request-Id");
        EXPECT_NE(id, bad);
        EXPECT_FALSE(id.empty());
    }
    EXPECT_EQ(ask("BREW / HTTP/1.1\r\nHost: t\r\nX-Request-Id: id-of-refused\r\n\r\n").header("X-Request-Id"),
              "id-of-refused");
}

TEST_F(ServerAnswers, KeepAliveByVersion) {
    start();
    Client modern = connect();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(modern.ask(get("/hello")).status, 200);
    const Answer last = modern.ask(get("/hello", "Connection: close\r\n"));
    EXPECT_EQ(last.header("Connection"), "close");
    EXPECT_TRUE(modern.is_closed());

    Client old = connect();
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").header("Connection"), "keep-alive");
    EXPECT_EQ(old.ask("GET /hello HTTP/1.0\r\n\r\n").header("Connection"), "close");
    EXPECT_TRUE(old.is_closed());
}

TEST_F(ServerAnswers, PipelinedRequestsInOrder) {
    slow_time_ = 50ms;
    start();
    Client client = connect();
    client.send(get("/items/1") + get("/slow") + post("/echo", "two") + get("/items/3") + get("/nothing"));
    EXPECT_EQ(client.read().body, "1?");
    EXPECT_EQ(client.read().body, "slow");
    EXPECT_EQ(client.read().body, "two");
    EXPECT_EQ(client.read().body, "3?");
    EXPECT_EQ(client.read().status, 404);
}

TEST_F(ServerAnswers, HundredsOfPipelinedRequests) {
    start();
    Client client = connect();
    std::string all;
    for (int i = 0; i < 500; ++i) all += get("/items/" + std::to_string(i));
    std::thread sender([&] { client.send(all); });
    for (int i = 0; i < 500; ++i) ASSERT_EQ(client.read().body, std::to_string(i) + "?");
    sender.join();
}

TEST_F(ServerAnswers, BodyInPieces) {
    start();
    Client client = connect();
    const std::string request = post("/echo", "one two three");
    for (const char c : request) {
        client.send(std::string_view(&c, 1));
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(client.read().body, "one two three");
}

TEST_F(ServerAnswers, ChunkedBody) {
    start();
    Client client = connect();
    const std::string head = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(client.ask(head + "3\r\none\r\n4;x=\"y\"\r\n two\r\n0\r\nX-Trailer: 1\r\n\r\n").body, "one two");
    EXPECT_EQ(client.ask(head + "0\r\n\r\n").status, 200);
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST_F(ServerAnswers, ExpectContinue) {
    start();
    Client client = connect();
    client.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    EXPECT_EQ(client.read().status, 100);
    client.send("body");
    const Answer answer = client.read();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "body");
    EXPECT_EQ(
        client.ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n").status,
        413);
    EXPECT_EQ(ask("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\nExpect: tea\r\n\r\n").status, 417);
}

TEST_F(ServerAnswers, HalfClosedClient) {
    start();
    Client client = connect();
    client.send(get("/slow"));
    client.finish_sending();
    EXPECT_EQ(client.read().body, "slow");
    EXPECT_TRUE(client.is_closed());
}

TEST_F(ServerAnswers, ExceptionsAndServesTheNext) {
    start();
    Client client = connect();
    for (const char* path : {"/throw", "/throw-later"}) {
        const Answer answer = client.ask(get(path, "X-Request-Id: bug-7\r\n"));
        EXPECT_EQ(answer.status, 500);
        EXPECT_EQ(answer.body,
                  R"({"error":"Internal error; see the log under request id bug-7","code":"internal_error"})");
        EXPECT_EQ(client.ask(get("/hello")).body, "hello");
    }
}

TEST_F(ServerAnswers, UnavailableWhenMemoryIsShort) {
    start();
    const Answer answer = ask(get("/no-memory"));
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.header("Retry-After"), "1");
    EXPECT_EQ(ask(get("/hello")).body, "hello");
}

TEST_F(ServerAnswers, LargeAnswerToSlowReader) {
    start();
    Client client = connect();
    client.send(get("/large"));
    std::this_thread::sleep_for(100ms);
    EXPECT_EQ(client.read().body.size(), std::size_t{16} << 20U);
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
}

TEST_F(ServerAnswers, SurvivesClientsThatLeave) {
    slow_time_ = 20ms;
    start({.io_threads = 2});
    for (int i = 0; i < 20; ++i) {
        Client client = connect();
        client.send(get(i % 2 == 0 ? "/slow" : "/large"));
    }
    for (int i = 0; i < 20; ++i) connect().send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc");
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(ask(get("/slow")).body, "slow");
}

TEST_F(ServerAnswers, ManyConnectionsAtOnce) {
    slow_time_ = 1ms;
    start({.io_threads = 2});
    std::atomic<int> right = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            std::vector<Client> clients;
            for (int i = 0; i < 50; ++i) clients.push_back(connect());
            for (int round = 0; round < 5; ++round) {
                for (Client& client : clients) client.send(get("/items/" + std::to_string(t)));
                for (Client& client : clients) right += client.read().body == std::to_string(t) + "?" ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(right, 4 * 50 * 5);
}

TEST_F(ServerAnswers, ClientAddress) {
    start({.trusted_proxies = {"127.0.0.0/8"}});
    EXPECT_EQ(ask(get("/who")).body, "127.0.0.1");
    EXPECT_EQ(ask(get("/who", "X-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n")).body, "203.0.113.9");
    EXPECT_EQ(ask(get("/who", "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 127.0.0.5\r\n")).body, "203.0.113.9");
}

TEST_F(ServerAnswers, ForgedClientAddress) {
    start({.trusted_proxies = {"10.0.0.0/8"}});
    EXPECT_EQ(ask(get("/who", "X-Forwarded-For: 203.0.113.9\r\n")).body, "127.0.0.1");
}

TEST_F(ServerAnswers, CrossOriginRequests) {
    start({.cors_origins = {"https://app.example"}});
    const Answer allowed = ask(get("/hello", "Origin: https://app.example\r\n"));
    EXPECT_EQ(allowed.header("Access-Control-Allow-Origin"), "https://app.example");
    EXPECT_EQ(allowed.header("Vary"), "Origin");
    const Answer stranger = ask(get("/hello", "Origin: https://evil.example\r\n"));
    EXPECT_EQ(stranger.status, 200);
    EXPECT_FALSE(stranger.has("Access-Control-Allow-Origin"));
    EXPECT_EQ(stranger.header("Vary"), "Origin");

    const std::string preflight = "OPTIONS /echo HTTP/1.1\r\nHost: t\r\nAccess-Control-Request-Method: POST\r\n";
    const Answer answer = ask(preflight + "Origin: https://app.example\r\n\r\n");
    EXPECT_EQ(answer.status, 204);
    EXPECT_EQ(answer.header("Access-Control-Allow-Methods"), "POST, OPTIONS");
    EXPECT_EQ(answer.header("Access-Control-Allow-Headers"), "Authorization, Content-Type");
    EXPECT_FALSE(ask(preflight + "Origin: https://evil.example\r\n\r\n").has("Access-Control-Allow-Methods"));
}

TEST_F(ServerAnswers, AnyOriginButWithoutCredentials) {
    start({.cors_origins = {"*"}});
    const Answer answer = ask(get("/hello", "Origin: https://any.example\r\n"));
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "*");
    EXPECT_FALSE(answer.has("Access-Control-Allow-Credentials"));
}

TEST_F(ServerAnswers, CountsWhatItDoes) {
    start();
    Client client = connect();
    client.ask(get("/items/secret-in-the-path"));
    client.ask(get("/nothing"));
    const std::string text = metrics_.text();
    const auto holds = [&text](std::string_view line) { return text.find(line) != std::string::npos; };
    EXPECT_TRUE(holds(R"(postern_http_requests_total{method="GET",route="/items/{id}",status="2xx"} 1)") ||
                holds(R"(postern_http_requests_total{route="/items/{id}",method="GET",status="2xx"} 1)") ||
                holds(R"(postern_http_requests_total{status="2xx",method="GET",route="/items/{id}"} 1)"))
        << text;
    EXPECT_TRUE(holds(R"(postern_http_request_duration_seconds_count{route="none"} 1)")) << text;
    EXPECT_TRUE(holds("postern_http_connections_open 1")) << text;
    EXPECT_FALSE(holds("secret-in-the-path"));
}

TEST_F(ServerStart, SaysWhyItCannot) {
    const std::uint16_t taken = start().port();
    const auto attempt = [this](ServerOptions options) {
        auto started = Server::start(std::move(options), router_, metrics_);
        return started ? std::string("started") : started.error().message;
    };
    EXPECT_EQ(attempt({.port = taken}), "127.0.0.1:" + std::to_string(taken) +
                                            " is in use; stop the other process or choose another with --listen");
    EXPECT_NE(attempt({.address = "not-an-address"}).find("\"not-an-address\" is not an IP address"),
              std::string::npos);
    EXPECT_NE(attempt({.address = "192.0.2.1"}).find("is not an address of this machine"), std::string::npos);
    EXPECT_NE(attempt({.trusted_proxies = {"10.0.0.0/99"}}).find("10.0.0.0/99"), std::string::npos);
}

TEST_F(ServerStop, FinishesWhatItHasAccepted) {
    Server& server = start({.io_threads = 2});
    Client idle = connect();
    EXPECT_EQ(idle.ask(get("/hello")).status, 200);
    Client busy = connect();
    busy.send(get("/slow"));
    Client halfway = connect();
    halfway.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab");
    std::this_thread::sleep_for(50ms);
    std::thread stopper([&server] { server.stop(5s); });
    EXPECT_TRUE(idle.is_closed());
    halfway.send("cd");
    const Answer finished = halfway.read();
    EXPECT_EQ(finished.body, "abcd");
    EXPECT_EQ(finished.header("Connection"), "close");
    const Answer slow = busy.read();
    EXPECT_EQ(slow.body, "slow");
    EXPECT_EQ(slow.header("Connection"), "close");
    EXPECT_TRUE(busy.is_closed());
    stopper.join();
    EXPECT_FALSE(Client(server.port()).connected());
}

TEST_F(ServerStop, ServesWhoeverConnectedJustBefore) {
    Server& server = start();
    Client client = connect();
    std::thread stopper([&server] { server.stop(5s); });
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(client.ask(get("/hello")).header("Connection"), "close");
    stopper.join();
}

TEST_F(ServerStop, EndsInTimeWhateverHandlersDo) {
    slow_time_ = 1500ms;
    Server& server = start();
    Client client = connect();
    client.send(get("/slow"));
    Client drip = connect();
    drip.send("GET /he");
    std::this_thread::sleep_for(50ms);
    const auto begin = std::chrono::steady_clock::now();
    server.stop(100ms);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
    EXPECT_EQ(client.read().status, 0);
    EXPECT_TRUE(drip.is_closed());
    server_.reset();  // the lane finishes after the server has gone
}

}  // namespace
}  // namespace postern::http

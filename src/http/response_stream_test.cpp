// Answers that go on: as a client sees them, and what they cost.
#include "http/response_stream.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <deque>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/limits.hpp"
#include "http/testing.hpp"

namespace postern::http {
namespace {

using namespace std::chrono_literals;
using testing::Answer;
using testing::Client;
using testing::get;
using Ending = ResponseStream::Ending;

// Says what the test tells it to, from the test's thread.
class Speech final : public ResponseStream {
public:
    void say(std::string text, bool last = false) {
        const std::lock_guard lock(mutex_);
        texts_.push_back(std::move(text));
        last_ = last;
        if (wake_) wake_();
    }
    void wake_for_nothing() {
        const std::lock_guard lock(mutex_);
        wake_();
    }
    void repeat(std::string text) { repeated_ = std::move(text); }
    void beat_every(std::chrono::milliseconds interval) { interval_ = interval; }
    std::optional<Ending> ending() {
        const std::lock_guard lock(mutex_);
        return ending_;
    }
    bool has_ended_within(std::chrono::milliseconds time) {
        const auto deadline = std::chrono::steady_clock::now() + time;
        while (!ending() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(2ms);
        return ending().has_value();
    }

    Next next(std::string& chunk) override {
        const std::lock_guard lock(mutex_);
        if (!repeated_.empty()) {
            chunk += repeated_;
            return {.ask_again = TimePoint::min()};
        }
        if (texts_.empty()) {
            if (interval_ == 0ms) return {};
            if (beaten_) chunk += "beat ";
            beaten_ = true;
            return {.ask_again = std::chrono::steady_clock::now() + interval_};
        }
        chunk += texts_.front();
        texts_.pop_front();
        if (!texts_.empty()) return {.ask_again = TimePoint::min()};
        return {.last = last_};
    }
    void wake_with(std::function<void()> wake) override {
        const std::lock_guard lock(mutex_);
        wake_ = std::move(wake);
    }
    std::string farewell() override { return "farewell"; }
    void ended(Ending ending) override {
        const std::lock_guard lock(mutex_);
        ending_ = ending;
    }

private:
    std::mutex mutex_;
    std::deque<std::string> texts_;
    std::string repeated_;
    std::chrono::milliseconds interval_ = 0ms;
    bool beaten_ = false;
    bool last_ = false;
    std::function<void()> wake_;
    std::optional<Ending> ending_;
};

// Reads an answer piece by piece.
class Listener : public Client {
public:
    using Client::Client;

    std::string until(std::string_view mark) {
        while (text_.find(mark) == std::string::npos && receive()) {
        }
        const std::size_t found = text_.find(mark);
        if (found == std::string::npos) return std::exchange(text_, "");
        std::string taken = text_.substr(0, found + mark.size());
        text_.erase(0, taken.size());
        return taken;
    }
    std::string rest() {
        while (receive()) {
        }
        return std::exchange(text_, "");
    }

private:
    bool receive() {
        char bytes[65536];
        const ssize_t count = ::recv(native(), bytes, sizeof bytes, 0);
        if (count > 0) text_.append(bytes, static_cast<std::size_t>(count));
        return count > 0;
    }
    std::string text_;
};

class Streams : public testing::ServerTest {
protected:
    Streams() {
        router_.add(Method::get, "/stream", InlineHandler([this](const Request&) {
                        auto speech = speech_ ? std::exchange(speech_, nullptr) : std::make_shared<Speech>();
                        return Response{.content_type = "text/event-stream", .stream = std::move(speech)};
                    }));
    }
    std::shared_ptr<Speech> prepare() {
        speech_ = std::make_shared<Speech>();
        return speech_;
    }
    Listener listen(std::string_view request = "GET /stream HTTP/1.1\r\nHost: test\r\n\r\n") {
        Listener client(server_->port());
        client.send(request);
        return client;
    }
    [[nodiscard]] std::string metric(const std::string& name) const {
        const std::string text = "\n" + metrics_.text();
        const std::size_t start = text.find("\n" + name + " ");
        if (start == std::string::npos) return "absent";
        const std::size_t value = start + name.size() + 2;
        return text.substr(value, text.find('\n', value) - value);
    }

private:
    std::shared_ptr<Speech> speech_;
};

TEST_F(Streams, AreSentInChunksAsTheyAreSaid) {
    const auto speech = prepare();
    start({.cors_origins = {"https://app.example"}});
    Listener client = listen("GET /stream HTTP/1.1\r\nHost: test\r\nOrigin: https://app.example\r\n\r\n");
    const std::string header = client.until("\r\n\r\n");
    EXPECT_TRUE(header.starts_with("HTTP/1.1 200 OK\r\n")) << header;
    for (const char* line :
         {"Content-Type: text/event-stream\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n",
          "Cache-Control: no-store\r\n", "X-Content-Type-Options: nosniff\r\n",
          "X-Request-Id: ", "Access-Control-Allow-Origin: https://app.example\r\n"}) {
        EXPECT_NE(header.find(line), std::string::npos) << line << header;
    }
    EXPECT_EQ(header.find("Content-Length"), std::string::npos);
    EXPECT_EQ(metric("postern_http_streams_open"), "1");

    speech->say("one");
    EXPECT_EQ(client.until("one\r\n"), "00000003\r\none\r\n");
    speech->wake_for_nothing();
    speech->say(std::string(1000, 'x'));
    EXPECT_EQ(client.until("\r\n"), "000003e8\r\n");
    EXPECT_EQ(client.until("\r\n"), std::string(1000, 'x') + "\r\n");
    speech->say("end", true);
    EXPECT_EQ(client.rest(), "00000003\r\nend\r\n0\r\n\r\n");
    ASSERT_TRUE(speech->has_ended_within(1s));
    EXPECT_EQ(speech->ending(), Ending::finished);
    server_->stop();
    EXPECT_EQ(metric("postern_http_streams_open"), "0");
}

TEST_F(Streams, OfHttp10EndWithTheConnection) {
    const auto speech = prepare();
    start();
    Listener client = listen("GET /stream HTTP/1.0\r\n\r\n");
    const std::string header = client.until("\r\n\r\n");
    EXPECT_EQ(header.find("Transfer-Encoding"), std::string::npos) << header;
    speech->say("one ");
    EXPECT_EQ(client.until("one "), "one ");
    speech->say("two", true);
    EXPECT_EQ(client.rest(), "two");
}

TEST_F(Streams, OfHeadAreTheHeaderAlone) {
    const auto speech = prepare();
    start();
    Listener client = listen("HEAD /stream HTTP/1.1\r\nHost: test\r\n\r\n");
    const std::string answer = client.until("\r\n\r\n");
    EXPECT_NE(answer.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << answer;
    EXPECT_EQ(client.ask(get("/hello")).body, "hello");
    EXPECT_EQ(speech.use_count(), 1);
}

TEST_F(Streams, AskAgainWhenTheySaid) {
    const auto speech = prepare();
    speech->beat_every(20ms);
    start();
    Listener client = listen("GET /stream HTTP/1.0\r\n\r\n");
    client.until("\r\n\r\n");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(client.until("beat beat beat "), "beat beat beat ");
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 40ms);
}

TEST_F(Streams, NoticeThatTheClientHasLeft) {
    const auto speech = prepare();
    speech->beat_every(20ms);
    start();
    {
        Listener client = listen();
        client.until("beat");
    }
    ASSERT_TRUE(speech->has_ended_within(2s));
    EXPECT_EQ(speech->ending(), Ending::peer_left);
}

TEST_F(Streams, CutAClientThatDoesNotRead) {
    const auto speech = prepare();
    speech->repeat(std::string(limits::http_stream_chunk_bytes, 'x'));
    start({.connection_limits = {.write_time = 100ms}});
    Listener client = listen();
    ASSERT_TRUE(speech->has_ended_within(5s));
    EXPECT_EQ(speech->ending(), Ending::too_slow);
    // What it had been sent is bounded by what the kernel may keep, on both sides of the connection.
    EXPECT_LT(client.rest().size(), std::size_t{16} << 20U);
}

TEST_F(Streams, OfAClientThatReadsLetOthersHaveTheirTurn) {
    const auto speech = prepare();
    speech->repeat(std::string(1000, 'x'));
    start({.io_threads = 1});
    Listener client = listen();
    std::atomic<bool> done = false;
    std::thread reader([&] {
        char bytes[65536];
        while (!done && ::recv(client.native(), bytes, sizeof bytes, 0) > 0) {
        }
    });
    for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(get("/hello")).body, "hello");
    done = true;
    reader.join();
}

TEST_F(Streams, SayFarewellWhenTheServerStops) {
    const auto speech = prepare();
    start();
    Listener client = listen();
    client.until("\r\n\r\n");
    const auto begin = std::chrono::steady_clock::now();
    server_->stop(5s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 400ms);
    EXPECT_EQ(client.rest(), "00000008\r\nfarewell\r\n0\r\n\r\n");
    EXPECT_EQ(speech->ending(), Ending::shutdown);
}

TEST_F(Streams, DoNotHoldUpTheStopForAClientThatDoesNotRead) {
    const auto speech = prepare();
    speech->repeat(std::string(limits::http_stream_chunk_bytes, 'x'));
    start();
    Listener client = listen();
    client.until("\r\n\r\n");
    std::this_thread::sleep_for(100ms);
    const auto begin = std::chrono::steady_clock::now();
    server_->stop(5s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1500ms);
    EXPECT_EQ(speech->ending(), Ending::shutdown);
}

TEST_F(Streams, ThatGoOnForeverAreCutWithTheRest) {
    const auto speech = prepare();
    speech->repeat("x");
    start();
    Listener client = listen();
    client.until("x\r\n");
    server_->stop(0ms);
    EXPECT_TRUE(speech->has_ended_within(1s));
}

TEST_F(Streams, AreWokenFromManyThreadsAndLoseNothing) {
    const auto speech = prepare();
    start({.io_threads = 2});
    Listener client = listen("GET /stream HTTP/1.0\r\n\r\n");
    client.until("\r\n\r\n");
    constexpr int threads = 4;
    constexpr int texts = 500;
    std::vector<std::thread> speakers;
    for (int i = 0; i < threads; ++i) {
        speakers.emplace_back([&] {
            for (int text = 0; text < texts; ++text) speech->say("ab");
        });
    }
    for (auto& speaker : speakers) speaker.join();
    speech->say("end", true);
    EXPECT_EQ(client.rest().size(), threads * texts * 2U + 3);
}

std::size_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    statm >> total >> resident;
    return resident * 4096;
}

TEST_F(Streams, CostLittleWhileTheySayNothing) {
    start();
    constexpr std::size_t count = 1000;
    std::vector<Listener> clients;
    clients.reserve(count);
    const std::size_t before = resident_bytes();
    for (std::size_t i = 0; i < count; ++i) {
        clients.push_back(listen());
        clients.back().until("\r\n\r\n");
    }
    const std::size_t each = (resident_bytes() - before) / count;
    RecordProperty("bytes_for_each_stream", static_cast<int>(each));
    std::printf("bytes of memory for each stream: %zu\n", each);
    EXPECT_EQ(metric("postern_http_streams_open"), "1000");
#ifndef POSTERN_SANITIZER
    EXPECT_LT(each, std::size_t{16} * 1024);
#endif
}

}  // namespace
}  // namespace postern::http

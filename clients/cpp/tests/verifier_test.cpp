// The whole library against an issuer on loopback that behaves as a network does.
#include "postern/verifier.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "testing.hpp"

namespace postern::client {
namespace {

// What the issuer says; each test changes it as it goes on.
class FakeIssuer {
public:
    FakeIssuer()
        : server_([this](const auto& request, const auto& path, auto& stream) { answer(request, path, stream); }) {
        issuer.url = server_.url();
        jwks_text_ = issuer.jwks();
        list_text_ = issuer.list({});
    }

    Issuer issuer;
    std::atomic<int> jwks_fetches = 0;
    std::atomic<int> list_fetches = 0;
    std::atomic<int> feeds = 0;
    std::atomic<int> list_status = 200;
    std::atomic<int> feed_status = 200;
    std::atomic<bool> silent = false;  // no heartbeats
    // A cache stands before it: what was answered once is answered for as long as nobody asks past it.
    std::atomic<bool> is_cached = false;

    void set_list(std::string text) { set(list_text_, std::move(text)); }
    void set_jwks(std::string text) { set(jwks_text_, std::move(text)); }
    // Sent over the feed of the moment, or the next one.
    void send(const std::string& name, const json::object& data, const std::string& id = "1") {
        send_raw("id: " + id + "\nevent: " + name + "\ndata: " + json::serialize(data) + "\n\n");
    }
    void send_raw(std::string text) {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(text));
    }
    void end_feed() { send_raw(""); }
    [[nodiscard]] std::string last_event_id() {
        const std::lock_guard lock(mutex_);
        return last_event_id_;
    }
    [[nodiscard]] VerifierOptions options(bool with_feed) const {
        VerifierOptions options;
        options.issuer = issuer.url;
        options.audience = "https://api.example";
        options.stale_after = Milliseconds(600);
        options.poll_interval = Milliseconds(100);
        options.request_timeout = Milliseconds(1000);
        if (with_feed) {
            options.client_id = "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8c01";
            options.client_secret = "pcs_x";
        }
        return options;
    }

private:
    void set(std::string& text, std::string value) {
        const std::lock_guard lock(mutex_);
        text = std::move(value);
    }
    std::string get(const std::string& text) {
        const std::lock_guard lock(mutex_);
        return text;
    }
    void answer(const std::string& request, const std::string& path, LoopbackServer::Stream& stream) {
        const bool asks_past_caches = request.find("\r\nCache-Control: no-cache\r\n") != std::string::npos;
        if (path == "/.well-known/jwks.json") {
            ++jwks_fetches;
            stream.answer(200, "Cache-Control: max-age=300\r\n",
                          through_cache(path, get(jwks_text_), asks_past_caches));
        } else if (path.starts_with("/status-lists/")) {
            ++list_fetches;
            const std::string text = through_cache(path, get(list_text_), asks_past_caches);
            const std::string etag = "\"" + std::to_string(std::hash<std::string>()(text)) + "\"";
            const bool known = request.find("If-None-Match: " + etag) != std::string::npos;
            const int status = list_status;
            if (status != 200)
                stream.answer(status, "", "");
            else
                stream.answer(known ? 304 : 200, "ETag: " + etag + "\r\n", known ? "" : text);
        } else if (path == "/auth/v1/revocations" && feed_status != 200) {
            stream.answer(feed_status, "", "");
        } else if (path == "/auth/v1/revocations") {
            stream_events(request, stream);
        } else {
            stream.answer(404, "", "");
        }
    }
    std::string through_cache(const std::string& path, std::string text, bool asks_past_caches) {
        const std::lock_guard lock(mutex_);
        std::string& kept = kept_[path];
        if (kept.empty() || asks_past_caches || !is_cached) kept = std::move(text);
        return kept;
    }
    void stream_events(const std::string& request, LoopbackServer::Stream& stream) {
        ++feeds;
        const std::string name = "Last-Event-ID: ";
        const auto begin = request.find(name);
        const bool resumed = begin != std::string::npos;
        set(last_event_id_,
            resumed ? request.substr(begin + name.size(), request.find("\r\n", begin) - begin - name.size()) : "");
        stream.begin_events();
        stream.write("retry: 100\n\n");
        if (!resumed) {
            stream.write("id: 0\nevent: snapshot\ndata: " +
                         json::serialize(json::object{{"list", issuer.uri(list_id)},
                                                      {"expires_at", Issuer::now() + 3600},
                                                      {"revoked", false},
                                                      {"lst", packed({3})}}) +
                         "\n\nid: 0\nevent: ready\ndata: {\"lists\":1}\n\n");
        }
        auto beaten_at = std::chrono::steady_clock::now() - Seconds(1);
        while (!stream.is_over()) {
            std::string next;
            {
                const std::lock_guard lock(mutex_);
                if (!waiting_.empty()) {
                    next = waiting_.front();
                    waiting_.pop_front();
                    if (next.empty()) return;
                }
            }
            if (!next.empty() && !stream.write(next)) return;
            if (!silent && std::chrono::steady_clock::now() - beaten_at > Milliseconds(50)) {
                beaten_at = std::chrono::steady_clock::now();
                if (!stream.write("id: 9\nevent: heartbeat\ndata: {\"time\":" + std::to_string(Issuer::now()) +
                                  "}\n\n"))
                    return;
            }
            std::this_thread::sleep_for(Milliseconds(5));
        }
    }

    std::mutex mutex_;
    std::string jwks_text_;
    std::string list_text_;
    std::string last_event_id_;
    std::deque<std::string> waiting_;
    std::map<std::string, std::string> kept_;
    LoopbackServer server_;
};

Outcome outcome(const Verifier& verifier, const std::string& token) {
    return verifier.check(token).outcome;
}

TEST(Verifier, SaysWhatAGoodTokenSays) {
    FakeIssuer fake;
    const Verifier verifier(fake.options(true));
    ASSERT_TRUE(verifier.wait_until_ready(Milliseconds(5000)));
    const Check check = verifier.check(fake.issuer.token(1));
    ASSERT_TRUE(check) << check.reason;
    EXPECT_EQ(check.claims->subject, "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b01");
    EXPECT_EQ(check.claims->session_id, "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b03");
    EXPECT_TRUE(check.claims->has_role("clerk"));
    EXPECT_TRUE(check.claims->has_scope("write"));
    EXPECT_FALSE(check.claims->has_scope("rea"));
    EXPECT_EQ(check.claims->custom, R"({"plan":"gold"})");
    EXPECT_EQ(json::parse(check.claims->json).at("plan"), "gold");
    EXPECT_EQ(outcome(verifier, fake.issuer.token(3)), Outcome::token_revoked);
    EXPECT_EQ(outcome(verifier, "x"), Outcome::invalid_token);
    EXPECT_EQ(fake.list_fetches, 0) << "everything is in memory";
}

TEST(Verifier, LearnsOfARevocationAtOnce) {
    FakeIssuer fake;
    const Verifier verifier(fake.options(true));
    ASSERT_TRUE(verifier.wait_until_ready(Milliseconds(5000)));
    const std::string token = fake.issuer.token(8);
    ASSERT_EQ(outcome(verifier, token), Outcome::accepted);
    fake.send("revoked", {{"list", fake.issuer.uri(list_id)}, {"idx", {8}}}, "2");
    EXPECT_TRUE(becomes_true([&] { return outcome(verifier, token) == Outcome::token_revoked; }, Milliseconds(500)));
}

TEST(Verifier, ResumesWhereItWasCut) {
    FakeIssuer fake;
    const Verifier verifier(fake.options(true));
    ASSERT_TRUE(verifier.wait_until_ready(Milliseconds(5000)));
    fake.send("cut", {{"reason", "shutdown"}}, "7");
    ASSERT_TRUE(becomes_true([&] { return fake.feeds == 2; }));
    EXPECT_TRUE(becomes_true([&] { return !fake.last_event_id().empty(); }));
    EXPECT_TRUE(becomes_true([&] { return verifier.status().feed_is_live; }));
    fake.send_raw("id: 1\nevent: revoked\ndata: " + std::string(3 << 20, 'x') + "\n\n");
    ASSERT_TRUE(becomes_true([&] { return fake.feeds == 3; }));
    EXPECT_TRUE(becomes_true([&] { return fake.last_event_id().empty(); })) << "nonsense: from the beginning";
}

TEST(Verifier, LeavesAFeedThatIsSilentAndPolls) {
    FakeIssuer fake;
    const Verifier verifier(fake.options(true));
    ASSERT_TRUE(verifier.wait_until_ready(Milliseconds(5000)));
    const std::string token = fake.issuer.token(5);
    ASSERT_EQ(outcome(verifier, token), Outcome::accepted);
    fake.silent = true;
    ASSERT_TRUE(becomes_true([&] { return fake.list_fetches > 0; }));
    EXPECT_EQ(outcome(verifier, token), Outcome::accepted);
    ASSERT_TRUE(becomes_true([&] { return fake.feeds >= 2; })) << "another connection is tried";
    fake.set_list(fake.issuer.list({5}));
    EXPECT_TRUE(becomes_true([&] { return outcome(verifier, token) == Outcome::token_revoked; }));
}

TEST(Verifier, RefusesWhenItKnowsNothingNew) {
    FakeIssuer fake;
    const Verifier strict(fake.options(true));
    auto options = fake.options(true);
    options.on_stale = OnStale::allow;
    const Verifier lenient(std::move(options));
    ASSERT_TRUE(strict.wait_until_ready(Milliseconds(5000)));
    ASSERT_TRUE(lenient.wait_until_ready(Milliseconds(5000)));
    fake.list_status = 503;
    fake.feed_status = 503;
    fake.end_feed();
    fake.end_feed();
    const std::string token = fake.issuer.token(5);
    EXPECT_TRUE(becomes_true([&] { return outcome(strict, token) == Outcome::unavailable; }));
    EXPECT_EQ(outcome(strict, fake.issuer.token(3)), Outcome::token_revoked) << "a revocation is for good";
    std::this_thread::sleep_for(Milliseconds(700));
    EXPECT_EQ(outcome(lenient, token), Outcome::accepted);
    EXPECT_EQ(outcome(lenient, fake.issuer.token(3)), Outcome::token_revoked);
    fake.feed_status = 200;
    fake.list_status = 200;
    EXPECT_TRUE(becomes_true([&] { return outcome(strict, token) == Outcome::accepted; }, Milliseconds(10'000)));
}

TEST(Verifier, PollsWithoutCredentials) {
    FakeIssuer fake;
    const Verifier verifier(fake.options(false));
    const std::string token = fake.issuer.token(5);
    EXPECT_EQ(outcome(verifier, token), Outcome::accepted) << "fetches what it needs";
    fake.set_list(fake.issuer.list({5}));
    EXPECT_TRUE(becomes_true([&] { return outcome(verifier, token) == Outcome::token_revoked; }));
    EXPECT_EQ(fake.feeds, 0);
}

TEST(Verifier, TakesNoWrongListForAnAnswer) {
    FakeIssuer fake;
    const std::string token = fake.issuer.token(5);
    const TestKey stranger("list-1", "status_list");
    for (const std::string& list :
         {fake.issuer.list({}, other_list_id), std::string("<html>"), fake.issuer.token(5),
          fake.issuer.access.sign("statuslist+jwt", {{"sub", fake.issuer.uri(list_id)}}),
          stranger.sign("statuslist+jwt", {{"sub", fake.issuer.uri(list_id)},
                                           {"iat", Issuer::now()},
                                           {"exp", Issuer::now() + 60},
                                           {"status_list", {{"bits", 1}, {"lst", packed({})}}}}),
          std::string(3 << 20, 'x')}) {
        fake.set_list(list);
        const Verifier verifier(fake.options(false));
        EXPECT_EQ(outcome(verifier, token), Outcome::unavailable) << list.substr(0, 50);
    }
    fake.list_status = 404;
    const Verifier verifier(fake.options(false));
    EXPECT_EQ(outcome(verifier, token), Outcome::token_revoked) << "there is no such list";
}

TEST(Verifier, FollowsTheRotationOfKeys) {
    FakeIssuer fake;
    const Verifier verifier(fake.options(true));
    ASSERT_TRUE(verifier.wait_until_ready(Milliseconds(5000)));
    const TestKey next("access-2", "access");
    const std::string token = fake.issuer.token(1, list_id, &next);
    fake.set_jwks(fake.issuer.jwks({&next}));
    fake.send("keys", {});
    EXPECT_TRUE(becomes_true([&] { return outcome(verifier, token) == Outcome::accepted; }, Milliseconds(2000)));
    fake.set_jwks(fake.issuer.jwks());
    fake.send("keys", {});
    EXPECT_TRUE(becomes_true([&] { return outcome(verifier, token) != Outcome::accepted; }, Milliseconds(2000)));
    const int fetches = fake.jwks_fetches;
    for (int i = 0; i < 50; ++i) EXPECT_NE(outcome(verifier, token), Outcome::accepted);
    EXPECT_LE(fake.jwks_fetches, fetches + 1) << "a stranger's kid costs one request in five seconds";
}

TEST(Verifier, AsksPastCaches) {
    FakeIssuer fake;
    fake.is_cached = true;
    const TestKey leaked("access-2", "access");
    fake.set_jwks(fake.issuer.jwks({&leaked}));
    const Verifier following(fake.options(true));
    const Verifier polling(fake.options(false));
    ASSERT_TRUE(following.wait_until_ready(Milliseconds(5000)));
    const std::string token = fake.issuer.token(1, list_id, &leaked);
    ASSERT_EQ(outcome(following, token), Outcome::accepted);
    fake.set_jwks(fake.issuer.jwks());
    fake.send("keys", {});
    EXPECT_TRUE(becomes_true([&] { return outcome(following, token) == Outcome::invalid_token; }, Milliseconds(2000)));
    const std::string other = fake.issuer.token(5);
    ASSERT_EQ(outcome(polling, other), Outcome::accepted);
    fake.set_list(fake.issuer.list({5}));
    EXPECT_TRUE(becomes_true([&] { return outcome(polling, other) == Outcome::token_revoked; }, Milliseconds(2000)));
}

TEST(Verifier, ServesManyThreads) {
    FakeIssuer fake;
    const Verifier verifier(fake.options(true));
    const std::string token = fake.issuer.token(1);
    std::atomic<int> accepted = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) accepted += outcome(verifier, token) == Outcome::accepted ? 1 : 0;
        });
    }
    for (std::uint32_t i = 0; i < 100; ++i)
        fake.send("revoked", {{"list", fake.issuer.uri(list_id)}, {"idx", {100 + i}}});
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(accepted, 800);
}

TEST(Verifier, SaysWhichOptionIsWrong) {
    VerifierOptions options;
    options.issuer = "https://auth.example";
    options.audience = "x";
    for (const auto& spoil : std::vector<std::function<void(VerifierOptions&)>>{
             [](auto& o) { o.issuer = "http://auth.example"; }, [](auto& o) { o.issuer = "ftp://x"; },
             [](auto& o) { o.issuer = "http://127.evil.example"; }, [](auto& o) { o.issuer = "http://localhost.evil"; },
             [](auto& o) { o.issuer = "http://127.0.0.1@evil.example"; }, [](auto& o) { o.issuer = "http://0.0.0.0"; },
             [](auto& o) { o.issuer = "https://a:b@auth.example"; }, [](auto& o) { o.issuer = "http://[::2]"; },
             [](auto& o) { o.issuer = "https://auth.example?x"; }, [](auto& o) { o.issuer = "auth.example"; },
             [](auto& o) { o.issuer += "/"; }, [](auto& o) { o.audience.clear(); }, [](auto& o) { o.client_id = "x"; },
             [](auto& o) { o.stale_after = Milliseconds(0); }}) {
        auto wrong = options;
        spoil(wrong);
        EXPECT_THROW(Verifier{wrong}, std::invalid_argument) << wrong.issuer;
    }
    for (const char* issuer : {"http://localhost:1", "http://127.0.0.1:1", "http://127.8.9.10:1", "http://[::1]:1"}) {
        options.issuer = issuer;
        EXPECT_NO_THROW(Verifier{options}) << issuer;
    }
}

}  // namespace
}  // namespace postern::client

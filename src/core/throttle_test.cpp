#include "core/throttle.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "core/device_cookie.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

using testing::actor;
using testing::email;
using testing::PlainHasher;
using testing::PlainText;

constexpr std::string_view owners_network = "192.0.2.1";

std::string network(int number) {
    return "198.51." + std::to_string(number / 256) + "." + std::to_string(number % 256);
}

class ThrottleTest : public ::testing::Test {
protected:
    void SetUp() override { store = testing::store_with_account(clock.now()); }

    LoginAttempt read(const std::string& address) {
        return *read_and_wait(*store, [&](Reader& reader) { return begin_login(reader, hasher, address); });
    }

    // One whole try, as api/verify_password.cpp goes about it. Whether its password was looked at.
    struct Try {
        Result<void> admitted;
        std::optional<Throttle::Ticket> ticket = std::nullopt;
        LoginAttempt attempt = {};
        Timestamp began = {};
    };
    Try begin(Throttle& of, const Guesser& guesser) {
        auto reserved = of.reserve(guesser);
        if (!reserved.has_value()) return {.admitted = reserved.error()};
        LoginAttempt attempt = read(guesser.email_key);
        attempt.network = guesser.network;
        Throttle::Ticket ticket = std::move(reserved).take();
        auto admitted = ticket.check_total(attempt);
        if (!admitted.has_value()) return {.admitted = admitted.error()};
        return {.admitted = {}, .ticket = std::move(ticket), .attempt = std::move(attempt), .began = clock.now()};
    }
    Try begin(const std::string& address, std::string_view from, std::optional<Device> device = std::nullopt) {
        return begin(throttle, {address, std::string(from), device});
    }
    // A wrong password. Nothing when it was looked at, otherwise how long to wait.
    std::optional<Seconds> guess(const std::string& address, std::string_view from,
                                 std::optional<Device> device = std::nullopt) {
        Try tried = begin(address, from, device);
        if (!tried.admitted.has_value()) {
            EXPECT_EQ(tried.admitted.error().code, "too_many_attempts");
            return tried.admitted.error().retry_after;
        }
        tried.ticket->failed(tried.attempt);
        return std::nullopt;
    }
    bool log_in(std::string_view from) {
        Try tried = begin(email().key, from);
        if (!tried.admitted.has_value()) return false;
        const auto check = *check_password(hasher, PlainText(), tried.attempt, SecretString("correct"));
        tried.attempt.had_failures |= tried.ticket->saw_failures();
        const auto done = write_and_wait(*store, [&](Transaction& transaction) {
            return finish_login(transaction, tried.attempt, check, false, actor(), testing::policy(), "kid",
                                clock.now());
        });
        if (done.has_value()) tried.ticket->succeeded();
        return done.has_value();
    }
    // Uses the address's total up, from networks that nobody knows.
    void use_up_total(const std::string& address) {
        for (int i = 0; i < policy.account_failures; ++i) {
            ASSERT_FALSE(guess(address, network(i))) << i;
            if (i % 7 == 0) flush();
        }
    }
    void flush() { ASSERT_TRUE(throttle.flush(*store).has_value()); }
    std::int64_t stored(const std::string& address) {
        const auto found = store->tables.login_failures.find(email_digest(address));
        return found == store->tables.login_failures.end() ? 0 : found->second.count;
    }

    FakeClock clock;
    ThrottlePolicy policy;
    PlainHasher hasher;
    std::unique_ptr<MemoryStore> store;
    Throttle throttle{policy, clock};
};

TEST_F(ThrottleTest, OneNetworkHasItsGuessesAtOneAddressAndNoMore) {
    for (int i = 0; i < policy.account_network_failures; ++i) EXPECT_FALSE(guess("a@example.org", "192.0.2.9"));
    EXPECT_TRUE(guess("a@example.org", "192.0.2.9"));
    EXPECT_FALSE(guess("b@example.org", "192.0.2.9")) << "another address has a budget of its own";
    EXPECT_FALSE(guess("a@example.org", "192.0.2.10")) << "and so has another network";
}

TEST_F(ThrottleTest, OneNetworkHasItsGuessesAtAllAddresses) {
    for (int i = 0; i < policy.network_failures; ++i) EXPECT_FALSE(guess(std::to_string(i), "192.0.2.9"));
    EXPECT_TRUE(guess("one more", "192.0.2.9"));
    EXPECT_EQ(throttle.throttled_networks(10).at(0).network, "192.0.2.9");
    throttle.forget_network("192.0.2.9");
    EXPECT_FALSE(guess("one more", "192.0.2.9"));
}

TEST_F(ThrottleTest, ASuccessElsewhereBuysNoMoreGuesses) {
    for (int i = 0; i < policy.account_network_failures; ++i) {
        EXPECT_FALSE(guess("victim@example.org", owners_network));
        EXPECT_TRUE(log_in(owners_network)) << "the attacker's own account";
    }
    EXPECT_TRUE(guess("victim@example.org", owners_network));
}

TEST_F(ThrottleTest, TheRetryAfterIsTrue) {
    for (int i = 0; i < policy.account_network_failures; ++i) {
        EXPECT_FALSE(guess("a@example.org", "192.0.2.9"));
        clock.advance(Milliseconds(17'123));
    }
    const auto wait = guess("a@example.org", "192.0.2.9");
    ASSERT_TRUE(wait.has_value());
    clock.advance(*wait - Seconds(1));
    EXPECT_TRUE(guess("a@example.org", "192.0.2.9"));
    clock.advance(Seconds(1));
    EXPECT_FALSE(guess("a@example.org", "192.0.2.9"));
}

TEST_F(ThrottleTest, AttemptsUnderWayTakeTheirPlacesBeforeTheyAreSettled) {
    std::vector<Try> under_way;
    for (int i = 0; i < 200; ++i) {
        Try tried = begin("a@example.org", "192.0.2.9");
        if (tried.admitted.has_value()) under_way.push_back(std::move(tried));
    }
    EXPECT_EQ(under_way.size(), static_cast<std::size_t>(policy.account_network_failures));
    EXPECT_EQ(guess("a@example.org", "192.0.2.9"), Seconds(1)) << "they are settled soon";
    under_way.clear();
    EXPECT_FALSE(guess("a@example.org", "192.0.2.9")) << "what was not looked at gives its place back";
    EXPECT_EQ(throttle.figures().entries, 2);
}

TEST_F(ThrottleTest, ThreadsShareTheBudgets) {
    std::atomic<int> evaluated = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 500; ++i) {
                auto reserved = throttle.reserve({"a@example.org", thread < 4 ? "192.0.2.9" : network(i), {}});
                if (!reserved.has_value()) continue;
                auto ticket = std::move(reserved).take();
                const LoginAttempt attempt;
                if (!ticket.check_total(attempt).has_value()) continue;
                ticket.failed(attempt);
                ++evaluated;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(evaluated, policy.account_failures);
}

TEST_F(ThrottleTest, ThousandNetworksShareTheTotalOfAnAddress) {
    int evaluated = 0;
    for (int i = 0; i < 1000; ++i) {
        if (!guess(email().key, network(i))) ++evaluated;
        if (i % 13 == 0) flush();
    }
    EXPECT_EQ(evaluated, policy.account_failures);
    EXPECT_EQ(throttle.figures().refused_account, 1000 - policy.account_failures);
}

TEST_F(ThrottleTest, ThousandNetworksAtOnceShareTheTotalToo) {
    std::vector<Try> under_way;
    for (int i = 0; i < 1000; ++i) {
        Try tried = begin(email().key, network(i));
        if (tried.admitted.has_value()) under_way.push_back(std::move(tried));
    }
    EXPECT_EQ(under_way.size(), static_cast<std::size_t>(policy.account_failures));
}

TEST_F(ThrottleTest, AnUnknownAddressLocksTheSameWay) {
    const auto answer_of = [&](const std::string& address) {
        use_up_total(address);
        return begin(address, "203.0.113.1").admitted.error();
    };
    const Error known = answer_of(email().key);
    const Error unknown = answer_of("nobody@example.org");
    EXPECT_EQ(known.code, unknown.code);
    EXPECT_EQ(known.message, unknown.message);
    EXPECT_EQ(known.retry_after, unknown.retry_after);
}

TEST_F(ThrottleTest, TheOwnerLogsInFromWhereTheyAlwaysDo) {
    ASSERT_TRUE(log_in(owners_network));
    use_up_total(email().key);
    EXPECT_TRUE(guess(email().key, "203.0.113.1"));
    EXPECT_FALSE(log_in("203.0.113.1")) << "not even with the right password";
    EXPECT_TRUE(log_in(owners_network));
    EXPECT_EQ(stored(email().key), 0) << "and that forgets the failures";
    EXPECT_FALSE(guess(email().key, "203.0.113.1"));
}

TEST_F(ThrottleTest, AKnownNetworkHasNoMoreThanItsOwnBudget) {
    ASSERT_TRUE(log_in(owners_network));
    use_up_total(email().key);
    for (int i = 0; i < policy.account_network_failures; ++i) EXPECT_FALSE(guess(email().key, owners_network));
    EXPECT_TRUE(guess(email().key, owners_network));
}

TEST_F(ThrottleTest, ADeviceHasABudgetOfItsOwn) {
    const testing::PlainSecrets secrets;
    const std::string cookie = *make_device_cookie(secrets, store->tables.accounts.begin()->second);
    const auto device = read_device_cookie(secrets, email().key, cookie);
    ASSERT_TRUE(device.has_value());
    use_up_total(email().key);
    for (int i = 0; i < policy.network_failures; ++i) (void)guess(std::to_string(i), "203.0.113.1");
    EXPECT_TRUE(guess(email().key, "203.0.113.1"));
    for (int i = 0; i < policy.account_network_failures; ++i) EXPECT_FALSE(guess(email().key, "203.0.113.1", device));
    EXPECT_TRUE(guess(email().key, "203.0.113.1", device)) << "a stolen cookie is worth a few guesses";
    EXPECT_TRUE(guess(email().key, "203.0.113.2", device)) << "wherever it is shown";
}

TEST_F(ThrottleTest, ADeviceFromBeforeAResetIsNothingToTheLock) {
    const testing::PlainSecrets secrets;
    Account& account = store->tables.accounts.begin()->second;
    const auto device = read_device_cookie(secrets, email().key, *make_device_cookie(secrets, account));
    ASSERT_TRUE(device.has_value());
    account.security_version += 1;  // as every reset does
    use_up_total(email().key);
    EXPECT_TRUE(guess(email().key, "203.0.113.1", device)) << "whoever had the old password is a stranger now";
    const auto renewed = read_device_cookie(secrets, email().key, *make_device_cookie(secrets, account));
    EXPECT_FALSE(guess(email().key, "203.0.113.1", renewed));
}

TEST_F(ThrottleTest, TheLockEndsWhenItSaidAndRefusedAttemptsDoNotProlongIt) {
    use_up_total(email().key);
    flush();
    const Timestamp begin_of_lock = clock.now();
    for (int i = 0; i < 5; ++i) {
        const auto wait = guess(email().key, "203.0.113.1");
        ASSERT_TRUE(wait.has_value());
        EXPECT_EQ(clock.now() + *wait, begin_of_lock + policy.lock_time);
        clock.advance(std::chrono::hours(4));
    }
    clock.advance(begin_of_lock + policy.lock_time - clock.now());
    EXPECT_FALSE(guess(email().key, "203.0.113.1"));
    flush();
    EXPECT_EQ(stored(email().key), 1) << "what was before is forgotten";
}

TEST_F(ThrottleTest, TheLockOutlivesThisProcess) {
    use_up_total(email().key);
    flush();
    Throttle next(policy, clock);
    EXPECT_EQ(begin(next, {email().key, "203.0.113.1", {}}).admitted.error().code, "too_many_attempts");
    const auto locked =
        read_and_wait(*store, [&](Reader& reader) { return list_locked_addresses(reader, policy, clock.now(), 10); });
    ASSERT_EQ(locked->size(), 1U);
    EXPECT_EQ(locked->at(0).email_digest, email_digest(email().key));
}

TEST_F(ThrottleTest, AnOperatorLiftsTheLock) {
    use_up_total(email().key);
    ASSERT_TRUE(write_and_wait(*store, [&](Transaction& transaction) {
                    return transaction.delete_login_failures(email_digest(email().key));
                }).has_value());
    throttle.forget_address(email().key);
    EXPECT_FALSE(guess(email().key, "203.0.113.1"));
}

// A store that cannot be written loses no failure.
TEST_F(ThrottleTest, WhatCouldNotBeWrittenIsWrittenLater) {
    class Broken final : public Store {
    public:
        void read(ReadWork, Done done) override { done(unavailable("gone")); }
        void write(WriteWork, Done done) override { done(unavailable("gone")); }
        void catch_up(Done done) override { done(unavailable("gone")); }
        [[nodiscard]] const Revocations& revocations() const noexcept override { std::abort(); }
        void on_keys_changed(std::function<void()>) override {}
        void on_clients_changed(std::function<void()>) override {}
        void on_revocations(std::function<void(const RevocationChange&)>) override {}
        [[nodiscard]] StoreFigures figures() const override { return {}; }
        std::vector<Finding> diagnose() override { return {}; }
    };
    Broken broken;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(guess(email().key, network(i)));
    EXPECT_FALSE(throttle.flush(broken).has_value());
    EXPECT_EQ(throttle.figures().unflushed, 3);
    flush();
    EXPECT_EQ(throttle.figures().unflushed, 0);
    EXPECT_EQ(stored(email().key), 3);
}

TEST_F(ThrottleTest, OneFlushWritesHoweverMuchThereIs) {
    for (int i = 0; i < 3 * static_cast<int>(limits::throttle_flush_rows); ++i) {
        EXPECT_FALSE(guess(std::to_string(i), network(i)));
    }
    flush();
    EXPECT_EQ(throttle.figures().unflushed, 0);
    EXPECT_EQ(store->tables.login_failures.size(), 3 * limits::throttle_flush_rows);
}

TEST_F(ThrottleTest, FailuresReachTheAuditTrailTogether) {
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(guess(email().key, "192.0.2.9"));
    for (int i = 0; i < 4; ++i) EXPECT_FALSE(guess(std::to_string(i), "192.0.2.9"));
    const auto before = store->tables.audit.size();
    flush();
    ASSERT_EQ(store->tables.audit.size(), before + 2);
    for (const AuditRecord& record :
         std::vector(store->tables.audit.begin() + static_cast<long>(before), store->tables.audit.end())) {
        EXPECT_EQ(record.event, "login.failed");
        EXPECT_EQ(record.address, "192.0.2.9");
        EXPECT_EQ(record.count, record.account_id.has_value() ? 5 : 4);
        EXPECT_EQ(record.outcome, record.account_id.has_value() ? "wrong_password" : "unknown_account");
    }
    EXPECT_FALSE(guess("5", "192.0.2.9"));
    flush();
    EXPECT_EQ(store->tables.audit.size(), before + 2) << "once a minute, however long it goes on";
    clock.advance(std::chrono::minutes(1));
    flush();
    EXPECT_EQ(store->tables.audit.size(), before + 3);
}

TEST_F(ThrottleTest, RequestsThatSendMailAreCounted) {
    for (int i = 0; i < policy.network_requests; ++i) ASSERT_TRUE(throttle.count_request("192.0.2.9").has_value());
    const auto refused = throttle.count_request("192.0.2.9");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
    EXPECT_TRUE(throttle.count_request("192.0.2.10").has_value());
    clock.advance(*refused.error().retry_after);
    EXPECT_TRUE(throttle.count_request("192.0.2.9").has_value());
}

TEST_F(ThrottleTest, AMillionNetworksStayWithinTheMemory) {
    for (int i = 0; i < 1'000'000; ++i) {
        auto reserved = throttle.reserve({"a@example.org", std::to_string(i), {}});
        ASSERT_TRUE(reserved.has_value());
        auto ticket = std::move(reserved).take();
        ticket.failed({});
    }
    EXPECT_LE(throttle.figures().entries, static_cast<std::int64_t>(limits::throttle_entries));
}

// Any interleaving of beginnings, failures, successes, give-ups, flushes and time: of what was begun within any window,
// no more than the limit was found wrong or is still under way.
RC_GTEST_FIXTURE_PROP(ThrottleTest, NeverMoreThanTheLimitInAnyWindow, ()) {
    SetUp();
    std::vector<Try> under_way;
    std::vector<Timestamp> failures;
    const auto steps = *rc::gen::resize(400, rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 100)));
    for (const int step : steps) {
        if (step < 55) {
            Try tried = begin("a@example.org", "192.0.2.9");
            if (tried.admitted.has_value()) under_way.push_back(std::move(tried));
        } else if (step < 85 && !under_way.empty()) {
            const auto chosen = under_way.begin() + step % static_cast<int>(under_way.size());
            if (step < 80) {
                chosen->ticket->failed(chosen->attempt);
                failures.push_back(chosen->began);
            }
            under_way.erase(chosen);
        } else if (step < 90) {
            RC_ASSERT(throttle.flush(*store).has_value());
        } else {
            clock.advance(Milliseconds((step - 89) * 9'731));
        }
        const auto lately = [this](Timestamp began) { return clock.now() - began < limits::throttle_window; };
        const auto evaluated =
            std::ranges::count_if(failures, lately) + std::ranges::count_if(under_way, lately, &Try::began);
        RC_ASSERT(evaluated <= policy.account_network_failures);
    }
}

}  // namespace
}  // namespace postern::core

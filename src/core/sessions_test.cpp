#include "core/sessions.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "core/revocation.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;
using testing::log_in;
using testing::refresh;

class Sessions : public ::testing::Test {
protected:
    void SetUp() override {
        store = testing::store_with_account(clock.now());
        auto opened = log_in(*store, clock.now());
        ASSERT_TRUE(opened.has_value());
        first = std::move(*opened);
    }

    RefreshOutcome refresh_now(const RefreshClaims& claims) { return *refresh(*store, claims, clock.now()); }
    TokenPair rotate_now(const RefreshClaims& claims) {
        auto outcome = refresh_now(claims);
        EXPECT_EQ(outcome.status, RefreshStatus::rotated);
        return *outcome.pair;
    }
    const Session& session() const { return store->tables.sessions.begin()->second; }
    SlotState state(const TokenPair& pair) const { return store->state(pair.access.slot); }

    FakeClock clock;
    std::unique_ptr<MemoryStore> store;
    TokenPair first;
};

TEST_F(Sessions, TokensOfALoginSayWhatRfc9068AndTheSessionSay) {
    const auto now = clock.now();
    EXPECT_EQ(first.access.issuer, "https://auth.example");
    EXPECT_EQ(first.access.audience, std::vector<std::string>{"https://api.example"});
    EXPECT_EQ(first.access.issued_at, now);
    EXPECT_EQ(first.access.expires_at, now + 15min);
    EXPECT_EQ(first.access.session_id, session().id);
    EXPECT_EQ(first.access.subject, session().account_id);
    EXPECT_EQ(first.refresh.audience, "https://auth.example/auth/v1/refresh");
    EXPECT_EQ(first.refresh.counter, 1);
    EXPECT_EQ(first.refresh.expires_at, now + 24h);
    EXPECT_EQ(state(first), SlotState::live);
}

TEST_F(Sessions, HaveSoManyLiveAccessTokens) {
    auto few = testing::policy();
    few.live_tokens_per_session = 3;
    const auto refresh_with = [&](const TokenPair& pair) {
        return write_and_wait(*store, [&](Transaction& transaction) {
            return refresh_session(transaction, pair.refresh, testing::actor(), few, "kid", clock.now());
        });
    };
    clock.advance(5min);
    const TokenPair second = *refresh_with(first)->pair;
    clock.advance(5min);
    const TokenPair third = *refresh_with(second)->pair;
    ASSERT_TRUE(write_and_wait(*store, [&](Transaction& transaction) {
                    return transaction.revoke_slot(second.access.slot, clock.now(), RevocationReason::token_revoked);
                }).value());

    const auto refused = refresh_with(third);
    ASSERT_FALSE(refused.has_value()) << "a revoked one counts until it expires";
    EXPECT_EQ(refused.error().kind, ErrorKind::throttled);
    EXPECT_EQ(refused.error().code, "too_many_tokens");
    EXPECT_EQ(refused.error().retry_after, Seconds(5min)) << "when the first token of the three expires";
    EXPECT_EQ(session().counter, 3) << "the refresh token stays good";
    EXPECT_EQ(refresh_with(second)->status, RefreshStatus::repeated) << "what issues nothing goes on";

    clock.advance(5min);
    const auto fourth = refresh_with(third);
    ASSERT_TRUE(fourth.has_value());
    EXPECT_EQ(fourth->status, RefreshStatus::rotated);
    EXPECT_FALSE(refresh_with(*fourth->pair).has_value());
}

TEST_F(Sessions, RotationGivesANewPairAndLeavesTheOldAccessTokenAlive) {
    clock.advance(1min);
    const auto second = rotate_now(first.refresh);
    EXPECT_EQ(second.refresh.counter, 2);
    EXPECT_NE(second.access.token_id, first.access.token_id);
    EXPECT_FALSE(second.access.slot == first.access.slot);
    EXPECT_EQ(state(first), SlotState::live);
    EXPECT_EQ(rotate_now(second.refresh).refresh.counter, 3);
}

TEST_F(Sessions, ARetryWithinTheGraceGetsTheSameChildAgain) {
    const auto child = rotate_now(first.refresh);
    clock.advance(30s);
    const auto repeated = refresh_now(first.refresh);
    ASSERT_EQ(repeated.status, RefreshStatus::repeated);
    EXPECT_EQ(repeated.pair->access.token_id, child.access.token_id);
    EXPECT_EQ(repeated.pair->access.slot, child.access.slot);
    EXPECT_EQ(repeated.pair->access.issued_at, child.access.issued_at);
    EXPECT_EQ(repeated.pair->access.expires_at, child.access.expires_at);
    EXPECT_EQ(repeated.pair->refresh.counter, child.refresh.counter);
    EXPECT_EQ(repeated.pair->refresh.expires_at, child.refresh.expires_at);
    EXPECT_EQ(store->tables.slots.size(), 2U) << "a retry issues nothing";
}

TEST_F(Sessions, ARetryAfterTheGraceIsReuseAndEndsTheSession) {
    const auto child = rotate_now(first.refresh);
    clock.advance(30s + 1ms);
    EXPECT_EQ(refresh_now(first.refresh).status, RefreshStatus::reused);
    EXPECT_EQ(session().end_reason, "refresh_reuse");
    EXPECT_EQ(state(first), SlotState::revoked);
    EXPECT_EQ(state(child), SlotState::revoked);
    EXPECT_EQ(refresh_now(child.refresh).status, RefreshStatus::session_ended);
    EXPECT_EQ(store->tables.audit.back().outcome, "refresh_reuse");
}

TEST_F(Sessions, TwoTabsOfOneClientAreToldAndKeepTheirSession) {
    const auto child = rotate_now(first.refresh);
    clock.advance(10s);
    const auto grandchild = rotate_now(child.refresh);  // the child is used now
    clock.advance(10s);
    EXPECT_EQ(refresh_now(first.refresh).status, RefreshStatus::superseded);
    EXPECT_FALSE(session().ended_at.has_value());
    EXPECT_EQ(rotate_now(grandchild.refresh).refresh.counter, 4);
}

TEST_F(Sessions, TheGraceOfASupersededCounterIsThatOfItsOwnRotation) {
    const auto child = rotate_now(first.refresh);
    clock.advance(29s);
    rotate_now(child.refresh);
    clock.advance(2s);  // 31 s since counter 1 was rotated away, 2 s since counter 2 was
    EXPECT_EQ(refresh_now(first.refresh).status, RefreshStatus::reused);
    EXPECT_TRUE(session().ended_at.has_value());
}

TEST_F(Sessions, AChildWhoseAccessTokenWasRevokedIsNotHandedOutAgain) {
    const auto child = rotate_now(first.refresh);
    (void)write_and_wait(*store, [&](Transaction& transaction) {
        return revoke_access_token(transaction, child.access, testing::actor(), clock.now());
    });
    EXPECT_EQ(refresh_now(first.refresh).status, RefreshStatus::superseded);
    EXPECT_EQ(rotate_now(child.refresh).refresh.counter, 3);
}

TEST_F(Sessions, ACounterAboveTheRowsIsRefusedAndEndsNothing) {
    auto from_the_future = first.refresh;
    from_the_future.counter = 7;
    EXPECT_EQ(refresh_now(from_the_future).status, RefreshStatus::unknown_counter);
    EXPECT_FALSE(session().ended_at.has_value());
    rotate_now(first.refresh);
}

TEST_F(Sessions, ATokenOfAnotherSubjectIsNoDoorToTheSession) {
    auto foreign = first.refresh;
    foreign.subject = AccountId::make(clock.now());
    EXPECT_EQ(refresh_now(foreign).status, RefreshStatus::session_ended);
    EXPECT_FALSE(session().ended_at.has_value());
}

TEST_F(Sessions, IdleTimeEndsASessionAndARefreshPutsItOff) {
    clock.advance(23h);
    const auto second = rotate_now(first.refresh);
    clock.advance(23h);
    const auto third = rotate_now(second.refresh);
    clock.advance(24h);
    EXPECT_EQ(refresh_now(third.refresh).status, RefreshStatus::session_ended);
}

TEST_F(Sessions, NothingOutlivesTheEndThatWasFixedAtLogin) {
    const auto ends_at = clock.now() + 24h * 7;
    auto pair = first;
    while (clock.now() + 20h < ends_at) {
        clock.advance(20h);
        pair = rotate_now(pair.refresh);
        EXPECT_LE(pair.refresh.expires_at, ends_at);
    }
    clock.advance(ends_at - clock.now() - 5min);
    pair = rotate_now(pair.refresh);
    EXPECT_EQ(pair.access.expires_at, ends_at) << "an access token never outlives its session";
    clock.advance(5min);
    EXPECT_EQ(refresh_now(pair.refresh).status, RefreshStatus::session_ended);
}

TEST_F(Sessions, APermanentLoginLivesAYear) {
    const auto pair = log_in(*store, clock.now(), true);
    EXPECT_EQ(pair->refresh.expires_at, clock.now() + 24h * 90);
    clock.advance(24h * 89);
    EXPECT_EQ(rotate_now(pair->refresh).refresh.expires_at, clock.now() + 24h * 90);
}

TEST_F(Sessions, RevokingARefreshTokenEndsItsSessionAndIsRepeatable) {
    const auto child = rotate_now(first.refresh);
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(write_and_wait(*store, [&](Transaction& transaction) {
                        return revoke_refresh(transaction, first.refresh, testing::actor(), clock.now());
                    }).has_value());
    }
    EXPECT_EQ(session().end_reason, "session_revoked");
    EXPECT_EQ(state(child), SlotState::revoked);
}

TEST_F(Sessions, RevokingACounterAboveTheRowsEndsTheSessionAllTheSame) {
    auto from_the_future = first.refresh;  // a restored database: its holder still wants the session gone
    from_the_future.counter = 7;
    EXPECT_TRUE(write_and_wait(*store, [&](Transaction& transaction) {
                    return revoke_refresh(transaction, from_the_future, testing::actor(), clock.now());
                }).has_value());
    EXPECT_EQ(session().end_reason, "session_revoked");
    EXPECT_EQ(state(first), SlotState::revoked);
}

TEST_F(Sessions, NothingIsSaidToBeRevokedThatIsNotThere) {
    auto unknown = first.refresh;
    unknown.session_id = SessionId::make(clock.now());
    const auto outcome = write_and_wait(*store, [&](Transaction& transaction) {
        return revoke_refresh(transaction, unknown, testing::actor(), clock.now());
    });
    EXPECT_EQ(outcome.error().code, "session_ended");
}

TEST_F(Sessions, TheOldestSessionGivesWayWhenAnAccountHasTooMany) {
    for (std::size_t i = 0; i < limits::sessions_per_account; ++i) {
        clock.advance(1s);
        ASSERT_TRUE(log_in(*store, clock.now()).has_value());
    }
    EXPECT_EQ(session().id, first.access.session_id);
    EXPECT_EQ(session().end_reason, "session_limit");
    EXPECT_EQ(state(first), SlotState::revoked);
    EXPECT_EQ(std::ranges::count_if(store->tables.sessions, [](const auto& entry) { return !entry.second.ended_at; }),
              static_cast<std::ptrdiff_t>(limits::sessions_per_account));
}

}  // namespace
}  // namespace postern::core

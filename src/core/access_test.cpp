#include "core/access.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "core/revocation.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;

class Access : public ::testing::Test {
protected:
    void SetUp() override {
        store = testing::store_with_account(clock.now());
        checker = std::make_unique<AccessChecker>(signer, *store, policy, clock, prepare_nothing);
        pair = *testing::log_in(*store, clock.now());
        token = *signer.sign(pair.access, "kid");
    }
    std::string outcome(bool caught_up = false) {
        const auto caller = checker->check(token, caught_up ? Knowledge::caught_up : Knowledge::as_it_is);
        return caller.has_value() ? "accepted" : caller.error().code;
    }
    void revoke() {
        (void)write_and_wait(
            *store, [&](Transaction& t) { return revoke_access_token(t, pair.access, testing::actor(), clock.now()); });
    }

    FakeClock clock;
    TokenPolicy policy = testing::policy();
    testing::TableSigner signer;
    std::unique_ptr<MemoryStore> store;
    std::unique_ptr<AccessChecker> checker;
    TokenPair pair;
    std::string token;
};

TEST_F(Access, AcceptsAndRemembersTheSignatureOnly) {
    EXPECT_EQ(outcome(), "accepted");
    EXPECT_EQ(outcome(), "accepted");
    EXPECT_EQ(signer.reads, 1) << "the second check is answered from memory";
    revoke();
    EXPECT_EQ(outcome(), "token_revoked") << "the revocation bit is checked each time";
}

TEST_F(Access, ARememberedTokenExpiresToTheMillisecond) {
    EXPECT_EQ(outcome(), "accepted");
    clock.advance(15min - 1ms);
    EXPECT_EQ(outcome(), "accepted");
    clock.advance(1ms);
    EXPECT_EQ(outcome(), "token_expired");
}

TEST_F(Access, AChangeOfTheKeysForgetsWhatWasVerified) {
    EXPECT_EQ(outcome(), "accepted");
    signer.keys_generation += 1;
    EXPECT_EQ(outcome(), "accepted");
    EXPECT_EQ(signer.reads, 2);
}

TEST_F(Access, KeepsKnowledgeThatIsTooOldFromBeingBelieved) {
    store->fresh = false;
    EXPECT_EQ(outcome(), "not_current");
    EXPECT_EQ(outcome(true), "accepted");
    revoke();
    EXPECT_EQ(outcome(), "token_revoked") << "a revocation is for good, however old the knowledge";
}

TEST_F(Access, AnUnknownListIsAskedForAndThenRefused) {
    pair.access.slot.list = ListId::make(clock.now());
    pair.access.token_id = TokenId::make(clock.now());
    token = *signer.sign(pair.access, "kid");
    EXPECT_EQ(outcome(), "not_current");
    EXPECT_EQ(outcome(true), "token_revoked");
}

TEST_F(Access, AForgedTokenNeverMakesTheNodeAskTheStore) {
    store->fresh = false;
    token += "x";
    EXPECT_EQ(outcome(), "invalid_token");
}

TEST_F(Access, RefusesOverlongTokensUnread) {
    token = std::string(limits::token_bytes + 1, 'a');
    EXPECT_EQ(outcome(), "invalid_token");
    EXPECT_EQ(signer.reads, 0);
}

TEST_F(Access, TheCacheIsBoundedAndStillRight) {
    for (std::size_t i = 0; i < 3 * limits::verified_token_cache_entries; ++i) {
        pair.access.token_id = TokenId::make(clock.now());
        token = *signer.sign(pair.access, "kid");
        ASSERT_EQ(outcome(), "accepted");
    }
    revoke();
    EXPECT_EQ(outcome(), "token_revoked");
}

TEST_F(Access, OnlyAnActiveAdministratorIsAnAdmin) {
    const auto bearer = checker->check(token, Knowledge::as_it_is);
    ASSERT_TRUE(bearer.has_value());
    const auto caller = AccessChecker::check_account(*bearer);
    ASSERT_TRUE(caller.has_value());
    const auto allowed = [&] {
        return read_and_wait(*store, [&](Reader& reader) { return AccessChecker::check_admin(reader, *caller); })
            .has_value();
    };
    Account& account = store->tables.accounts.begin()->second;
    EXPECT_FALSE(allowed());
    account.admin = true;
    EXPECT_TRUE(allowed());
    account.disabled_at = clock.now();
    EXPECT_FALSE(allowed());
}

TEST_F(Access, RevokingATokenWhoseRowIsGoneStillRevokesIt) {
    store->tables.slots.clear();  // a restored database that is older than the token
    revoke();
    EXPECT_EQ(outcome(), "token_revoked");
}

TEST_F(Access, AClientsOwnTokenIsNoAccount) {
    AccessClaims own = pair.access;
    own.token_id = TokenId::make(clock.now());
    own.session_id = SessionId{own.subject.bytes};
    const auto bearer = checker->check(*signer.sign(own, "kid"), Knowledge::as_it_is);
    ASSERT_TRUE(bearer.has_value());
    EXPECT_EQ(AccessChecker::check_account(*bearer).error().code, "account_required");
}

TEST_F(Access, TheAudienceIsThePolicysUnlessItIsNamed) {
    const std::vector<std::string> other = {"https://other.example"};
    EXPECT_EQ(checker->check(token, Knowledge::as_it_is, &other).error().code, "invalid_token");
    EXPECT_TRUE(checker->check(token, Knowledge::as_it_is, &pair.access.audience).has_value());
}

TEST(Claims, BelieveOnlyOurIssuerAudienceAndTime) {
    const auto policy = testing::policy();
    const auto now = FakeClock().now();
    const AccessClaims good{.issuer = policy.issuer,
                            .audience = {"https://other.example", "https://api.example"},
                            .subject = {},
                            .client_id = "first-party",
                            .issued_at = now,
                            .expires_at = now + 1s,
                            .token_id = {},
                            .session_id = {},
                            .slot = {},
                            .roles = {},
                            .scopes = {},
                            .custom = {}};
    EXPECT_TRUE(check_access_claims(good, policy.issuer, policy.audience, now).has_value());
    auto bad = good;
    bad.issuer += "/";
    EXPECT_FALSE(check_access_claims(bad, policy.issuer, policy.audience, now).has_value());
    bad = good;
    bad.audience = {policy.issuer};
    EXPECT_FALSE(check_access_claims(bad, policy.issuer, policy.audience, now).has_value());
    bad = good;
    bad.issued_at = now + limits::clock_leeway + 1ms;
    EXPECT_FALSE(check_access_claims(bad, policy.issuer, policy.audience, now).has_value());
    EXPECT_EQ(check_access_claims(good, policy.issuer, policy.audience, now + 1s).error().code, "token_expired");
}

TEST(Claims, OnlyOurOwnStatusListsAreOurs) {
    const auto list = ListId::make(FakeClock().now());
    const auto uri = status_list_uri("https://auth.example", list);
    EXPECT_EQ(parse_status_list_uri("https://auth.example", uri), list);
    EXPECT_FALSE(parse_status_list_uri("https://auth.example", "https://evil.example/status-lists/" + list.text()));
    EXPECT_FALSE(parse_status_list_uri("https://auth.example", uri + "/x"));
    EXPECT_FALSE(
        parse_status_list_uri("https://auth.example", "https://auth.example.evil/status-lists/" + list.text()));
}

}  // namespace
}  // namespace postern::core

// Scopes and claims of an account's own: what may stand in a token, and that what was is good for nothing afterwards.
#include "core/account_claims.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "core/accounts.hpp"
#include "core/memory_store.hpp"
#include "core/testing.hpp"

namespace postern::core {
namespace {

std::string outcome(const Result<std::string>& claims) {
    return claims.has_value() ? *claims : claims.error().code;
}

TEST(CustomClaims, AreKeptAsCompactText) {
    EXPECT_EQ(outcome(accept_custom_claims(" { \"tenant\" : \"acme\", \"limits\":{\"seats\":[1,2]}, \"beta\":true } ")),
              R"({"tenant":"acme","limits":{"seats":[1,2]},"beta":true})");
    EXPECT_EQ(outcome(accept_custom_claims(R"({"https://acme.example/plan":null})")),
              R"({"https://acme.example/plan":null})");
    EXPECT_EQ(outcome(accept_custom_claims("{\"name\":\"Ad\xc3\xa4 \xf0\x9f\x94\x91\"}")),
              "{\"name\":\"Ad\xc3\xa4 \xf0\x9f\x94\x91\"}");
    EXPECT_EQ(outcome(accept_custom_claims("{}")), "");
}

TEST(CustomClaims, NeverTakeTheNameOfAStandardsOrOurs) {
    for (const std::string name : {"iss",   "sub",   "aud",       "exp",         "nbf",       "iat",      "jti", "sid",
                                   "scope", "roles", "status",    "client_id",   "type",      "cnf",      "act", "Sub",
                                   "ROLES", "email", "__proto__", "constructor", "prototype", "__PROTO__"}) {
        const auto refused = accept_custom_claims("{\"" + name + "\":\"x\"}");
        ASSERT_FALSE(refused.has_value()) << name;
        EXPECT_EQ(refused.error().code, "reserved_claim");
        EXPECT_NE(refused.error().message.find('"' + name + '"'), std::string::npos) << refused.error().message;
    }
    EXPECT_EQ(outcome(accept_custom_claims(R"({"\u0073ub":"x"})")), "reserved_claim") << "an escape hides no name";
    EXPECT_EQ(outcome(accept_custom_claims(R"({"tenant":{"sub":"x"}})")), R"({"tenant":{"sub":"x"}})");
}

TEST(CustomClaims, AreOneJsonObject) {
    for (const std::string text : {"", "null", "[]", "\"a\"", "{", "{\"a\":1}x", "{\"a\":NaN}", "{\"a\":1e999}",
                                   "{'a':1}", "{\"a\":\"\xff\"}", "{\"a\":1,}"}) {
        EXPECT_EQ(outcome(accept_custom_claims(text)), "invalid_claims") << text;
    }
    EXPECT_EQ(outcome(accept_custom_claims(R"({"a":1,"a":2})")), "duplicate_field");
    EXPECT_EQ(outcome(accept_custom_claims(R"({"a":{"b":1,"b":2}})")), "duplicate_field");
    const std::string deep = std::string(100, '[') + std::string(100, ']');
    EXPECT_EQ(outcome(accept_custom_claims("{\"a\":" + deep + "}")), "invalid_claims");
}

TEST(CustomClaims, HavePrintableNamesOfBoundedLength) {
    for (const std::string name : {"", " ", "a b", "a\\nb", "a\\u0000", "gr\xc3\xbcn", "\\u202esub"}) {
        EXPECT_EQ(outcome(accept_custom_claims("{\"" + name + "\":1}")), "invalid_claims") << name;
    }
    const std::string longest(limits::claim_name_bytes, 'n');
    EXPECT_EQ(outcome(accept_custom_claims("{\"" + longest + "\":1}")), "{\"" + longest + "\":1}");
    EXPECT_EQ(outcome(accept_custom_claims("{\"" + longest + "n\":1}")), "invalid_claims");
}

TEST(CustomClaims, AreNotLarge) {
    const std::string most = R"({"a":")" + std::string(limits::custom_claims_bytes - 8, 'x') + "\"}";
    ASSERT_EQ(most.size(), limits::custom_claims_bytes);
    EXPECT_EQ(outcome(accept_custom_claims(most)), most);
    EXPECT_EQ(outcome(accept_custom_claims(R"({"ab":")" + std::string(limits::custom_claims_bytes - 8, 'x') + "\"}")),
              "claims_too_large");
}

class AccountClaims : public ::testing::Test {
protected:
    template <typename Step>
    Result<Account> with(Step step) {
        return write_and_wait(*store, [&](Transaction& transaction) -> Result<Account> {
            auto account = TRY(get_account(transaction, "ada@example.org"));
            return step(transaction, std::move(account));
        });
    }
    Result<Account> scopes(const std::vector<std::string>& wanted) {
        return with([&](Transaction& t, Account a) { return set_scopes(t, std::move(a), wanted, actor, clock.now()); });
    }
    Result<Account> claims(std::string_view wanted) {
        return with(
            [&](Transaction& t, Account a) { return set_custom_claims(t, std::move(a), wanted, actor, clock.now()); });
    }
    Result<Account> roles(const std::vector<std::string>& wanted) {
        return with([&](Transaction& t, Account a) { return set_roles(t, std::move(a), wanted, actor, clock.now()); });
    }

    FakeClock clock;
    std::unique_ptr<MemoryStore> store = testing::store_with_account(clock.now());
    Actor actor{.name = "cli:tester", .address = "", .user_agent = ""};
};

TEST_F(AccountClaims, StandInTheTokensOfTheNextLogin) {
    ASSERT_TRUE(scopes({"orders:write", "orders:read", "orders:read"}).has_value());
    ASSERT_TRUE(claims(R"({"tenant":"acme"})").has_value());
    const auto pair = testing::log_in(*store, clock.now());
    ASSERT_TRUE(pair.has_value());
    EXPECT_EQ(pair->access.scopes, (std::vector<std::string>{"orders:read", "orders:write"}));
    EXPECT_EQ(pair->access.custom, R"({"tenant":"acme"})");
}

TEST_F(AccountClaims, AChangeEndsSessionsAndTokensAndSaysWhy) {
    auto pair = testing::log_in(*store, clock.now());
    ASSERT_TRUE(scopes({"a"}).has_value());
    EXPECT_EQ(store->state(pair->access.slot), SlotState::revoked);
    EXPECT_EQ(store->tables.audit.back().event, "account.scopes_changed");
    EXPECT_EQ(store->tables.audit.back().outcome, "claims_changed");
    EXPECT_EQ(store->tables.audit.back().actor, "cli:tester");

    pair = testing::log_in(*store, clock.now());
    ASSERT_TRUE(claims(R"({"a":1})").has_value());
    EXPECT_EQ(store->state(pair->access.slot), SlotState::revoked);
    EXPECT_EQ(store->tables.audit.back().event, "account.claims_changed");

    pair = testing::log_in(*store, clock.now());
    ASSERT_TRUE(claims(R"( {"a": 1} )").has_value());
    ASSERT_TRUE(scopes({"a"}).has_value());
    EXPECT_EQ(store->state(pair->access.slot), SlotState::live) << "the same again is no change";
    EXPECT_EQ(scopes({"two words"}).error().code, "invalid_scope");
    EXPECT_EQ(claims(R"({"sub":"x"})").error().code, "reserved_claim");
    EXPECT_EQ(store->state(pair->access.slot), SlotState::live) << "neither is what was refused";
}

TEST_F(AccountClaims, TogetherFitIntoAToken) {
    std::vector<std::string> words;
    for (int i = 0; i < 32; ++i) words.push_back(std::to_string(1000 + i) + std::string(60, 'w'));
    ASSERT_TRUE(roles(words).has_value());
    ASSERT_TRUE(claims(R"({"a":")" + std::string(1900, 'x') + "\"}").has_value());
    EXPECT_EQ(scopes(words).error().code, "claims_too_large");
    EXPECT_TRUE(roles({}).has_value());
    EXPECT_TRUE(scopes(words).has_value());
    EXPECT_EQ(roles(words).error().code, "claims_too_large");
}

}  // namespace
}  // namespace postern::core

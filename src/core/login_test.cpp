#include "core/login.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "core/testing.hpp"

namespace postern::core {
namespace {

using testing::actor;
using testing::email;
using testing::PlainHasher;
using testing::PlainText;
using testing::policy;

class Login : public ::testing::Test {
protected:
    void SetUp() override { store = testing::store_with_account(clock.now()); }

    LoginAttempt begin(std::string address = email().key) {
        return *read_and_wait(*store, [&](Reader& reader) { return begin_login(reader, hasher, address); });
    }
    PasswordCheck check(const LoginAttempt& attempt, std::string_view password) {
        return *check_password(hasher, PlainText(), attempt, SecretString(password));
    }
    Result<TokenPair> finish(const LoginAttempt& attempt, const PasswordCheck& checked) {
        return write_and_wait(*store, [&](Transaction& transaction) {
            return finish_login(transaction, attempt, checked, false, actor(), policy(), "kid", clock.now());
        });
    }
    std::string outcome(std::string_view password, std::string address = email().key) {
        const auto attempt = begin(std::move(address));
        const auto checked = check(attempt, password);
        auto admitted = admit(attempt, checked);
        if (!admitted.has_value()) return admitted.error().code;
        auto pair = finish(attempt, checked);
        return pair.has_value() ? "success" : pair.error().code;
    }
    void change(const std::function<Result<Account>(Transaction&)>& with) {
        ASSERT_TRUE(write_and_wait(*store, with).has_value());
    }
    Account& account() { return store->tables.accounts.begin()->second; }

    FakeClock clock;
    PlainHasher hasher;
    std::unique_ptr<MemoryStore> store;
};

TEST_F(Login, SucceedsAndLeavesARecord) {
    EXPECT_EQ(outcome("correct"), "success");
    EXPECT_EQ(account().last_login_at, clock.now());
    EXPECT_EQ(store->tables.audit.back().event, "login");
    EXPECT_EQ(store->tables.audit.back().address, "192.0.2.1");
}

TEST_F(Login, TellsNothingWithoutTheRightPassword) {
    EXPECT_EQ(outcome("wrong"), "invalid_credentials");
    EXPECT_EQ(outcome("correct", "nobody@example.org"), "invalid_credentials");
    account().disabled_at = clock.now();
    EXPECT_EQ(outcome("wrong"), "invalid_credentials");
    account().disabled_at.reset();
    account().activated_at.reset();
    EXPECT_EQ(outcome("wrong"), "invalid_credentials");
    EXPECT_EQ(hasher.verifications, 4) << "each costs exactly one verification";
}

TEST_F(Login, ThePasswordOfTheDummyHashOpensNothing) {
    EXPECT_EQ(outcome("\x01", "nobody@example.org"), "invalid_credentials");
    account().password_hash.clear();
    EXPECT_EQ(outcome("\x01"), "invalid_credentials");
}

TEST_F(Login, TheRightPasswordLearnsTheStateOfTheAccount) {
    account().activated_at.reset();
    EXPECT_EQ(outcome("correct"), "account_not_activated");
    account().activated_at = clock.now();
    account().disabled_at = clock.now();
    EXPECT_EQ(outcome("correct"), "account_not_activated");
    account().disabled_at.reset();
    account().kind = AccountKind::demo;
    EXPECT_EQ(outcome("correct"), "email_not_verified");
    account().disabled_at = clock.now();
    EXPECT_EQ(outcome("correct"), "account_not_activated") << "a disabled demo account is disabled first";
    account().disabled_at.reset();
    account().email_verified_at = clock.now();
    EXPECT_EQ(outcome("correct"), "success");
}

TEST_F(Login, RehashesWhenTheParametersHaveRisen) {
    account().password_hash = "old:correct";
    EXPECT_EQ(outcome("wrong"), "invalid_credentials");
    EXPECT_EQ(account().password_hash, "old:correct");
    EXPECT_EQ(outcome("correct"), "success");
    EXPECT_EQ(account().password_hash, "new:correct");
}

TEST_F(Login, TriesThePasswordAsTypedAndAsPrepared) {
    account().password_hash = "old:wide\xE3\x80\x80space";
    EXPECT_EQ(outcome("wide space"), "invalid_credentials");
    EXPECT_EQ(outcome("wide\xE3\x80\x80space"), "success") << "an imported hash of what was typed";
    EXPECT_EQ(account().password_hash, "new:wide space");
    EXPECT_EQ(outcome("wide\xE3\x80\x80space"), "success") << "our own hash of what was prepared";
    EXPECT_EQ(outcome("wide space"), "success");
}

TEST_F(Login, APasswordOfTwoFormsCostsTheSameWhateverFits) {
    account().password_hash = "old:wide\xE3\x80\x80space";
    for (const auto* address : {"ada@example.org", "nobody@example.org"}) {
        hasher.verifications = 0;
        const auto checked = check(begin(address), "wide\xE3\x80\x80space");
        EXPECT_EQ(hasher.verifications, 2);
        EXPECT_EQ(checked.hashes, 2);
    }
}

// An import may hold what we would never have accepted. It goes on working, and is not rehashed into what would not.
TEST_F(Login, AnImportedPasswordThatCannotBePreparedGoesOnWorking) {
    account().password_hash = "old:line\nfeed";
    EXPECT_EQ(outcome("line\nfeed"), "success");
    EXPECT_EQ(account().password_hash, "old:line\nfeed");
}

TEST_F(Login, NotesTheNetworkThatLoggedIn) {
    const auto log_in_from = [this](std::string network) {
        auto attempt = begin();
        attempt.network = std::move(network);
        ASSERT_TRUE(finish(attempt, check(attempt, "correct")).has_value());
        clock.advance(Seconds(1));
    };
    for (int i = 0; i < 10; ++i) log_in_from(std::to_string(i));
    EXPECT_EQ(begin().known_networks.size(), limits::known_networks);
    EXPECT_EQ(begin().known_networks.front(), "9");
    log_in_from("5");
    EXPECT_EQ(begin().known_networks.front(), "5");
    EXPECT_TRUE(begin("nobody@example.org").known_networks.empty());
}

// Everything that may happen while the password is being hashed, and which of the two wins.
struct Meanwhile {
    std::string name;
    std::function<Result<Account>(Transaction&, Account, Timestamp)> change;
    std::string outcome;  // of a login that was in flight
    bool ends_sessions;   // of a login that was done
};

class LoginInFlight : public Login, public ::testing::WithParamInterface<Meanwhile> {
protected:
    void change_as_told() {
        change([&](Transaction& transaction) -> Result<Account> {
            auto account = TRY(get_account(transaction, email().key));
            return GetParam().change(transaction, std::move(account), clock.now());
        });
    }
};

TEST_P(LoginInFlight, MeetsTheChange) {
    const auto attempt = begin();
    const auto checked = check(attempt, "correct");
    change_as_told();
    const auto pair = finish(attempt, checked);
    EXPECT_EQ(pair.has_value() ? "success" : pair.error().code, GetParam().outcome);
    if (!pair.has_value()) {
        EXPECT_TRUE(store->tables.sessions.empty()) << "nothing of a refused login stays";
        EXPECT_TRUE(store->tables.slots.empty());
    }
}

TEST_P(LoginInFlight, OrIsUndoneByIt) {
    const auto attempt = begin();
    const auto pair = finish(attempt, check(attempt, "correct"));
    ASSERT_TRUE(pair.has_value());
    change_as_told();
    const bool undone = GetParam().ends_sessions;
    EXPECT_EQ(store->state(pair->access.slot), undone ? SlotState::revoked : SlotState::live);
    const auto refreshed = testing::refresh(*store, pair->refresh, clock.now());
    EXPECT_EQ(refreshed->status, undone ? RefreshStatus::session_ended : RefreshStatus::rotated);
}

INSTANTIATE_TEST_SUITE_P(
    Changes, LoginInFlight,
    ::testing::Values(Meanwhile{"disable",
                                [](Transaction& transaction, Account account, Timestamp now) {
                                    return disable_account(transaction, std::move(account), actor(), now);
                                },
                                "account_not_activated", true},
                      Meanwhile{
                          "new_password",
                          [](Transaction& transaction, Account account, Timestamp now) {
                              return set_password(transaction, std::move(account), {"new:other", "new"}, actor(), now);
                          },
                          "invalid_credentials", true},
                      Meanwhile{"deletion",
                                [](Transaction& transaction, Account account, Timestamp now) -> Result<Account> {
                                    TRY(delete_account(transaction, std::move(account), actor(), now));
                                    return Account{};
                                },
                                "invalid_credentials", true},
                      Meanwhile{"deletion_and_a_new_account_of_the_same_address",
                                [](Transaction& transaction, Account account, Timestamp now) -> Result<Account> {
                                    TRY(delete_account(transaction, std::move(account), actor(), now));
                                    return create_account(transaction,
                                                          {.email = email(),
                                                           .kind = AccountKind::standard,
                                                           .activated = true,
                                                           .verified = true,
                                                           .admin = false,
                                                           .password_hash = "new:correct"},
                                                          actor(), now);
                                },
                                "invalid_credentials", true},
                      Meanwhile{"disable_and_enable",
                                [](Transaction& transaction, Account account, Timestamp now) -> Result<Account> {
                                    account = TRY(disable_account(transaction, std::move(account), actor(), now));
                                    return enable_account(transaction, std::move(account), actor(), now);
                                },
                                "success", true},
                      Meanwhile{"verification",
                                [](Transaction& transaction, Account account, Timestamp now) {
                                    return verify_account(transaction, std::move(account), actor(), now);
                                },
                                "success", false}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace postern::core

#include "core/accounts.hpp"

#include <gtest/gtest.h>

#include "core/testing.hpp"

namespace postern::core {
namespace {

using testing::actor;
using testing::email;

class Accounts : public ::testing::Test {
protected:
    void SetUp() override { store = testing::store_with_account(clock.now()); }

    template <typename Work>
    auto write(Work work) {
        return write_and_wait(*store, [&](Transaction& transaction) { return work(transaction); });
    }
    std::string add(const NewAccount& wanted) {
        auto made = write([&](Transaction& t) { return create_account(t, wanted, actor(), clock.now()); });
        return made.has_value() ? "created" : made.error().code;
    }
    using Change = Result<Account> (*)(Transaction&, Account, const Actor&, Timestamp);
    Result<Account> change(const std::string& address, Change step) {
        return with(address,
                    [&](Transaction& t, Account account) { return step(t, std::move(account), actor(), clock.now()); });
    }
    template <typename Step>
    Result<Account> with(const std::string& address, Step step) {
        return write([&](Transaction& t) -> Result<Account> { return step(t, TRY(get_account(t, address))); });
    }
    template <typename Outcome>
    static std::string word_of(const Outcome& outcome) {
        return outcome.has_value() ? "done" : outcome.error().code;
    }
    std::string disable(const std::string& address) { return word_of(change(address, disable_account)); }
    std::string remove(const std::string& address) {
        return word_of(write([&](Transaction& t) -> Result<void> {
            return delete_account(t, TRY(get_account(t, address)), actor(), clock.now());
        }));
    }
    Result<Account> set_roles(const std::string& role) {
        return with(email().key, [&](Transaction& t, Account account) {
            return core::set_roles(t, std::move(account), {role}, actor(), clock.now());
        });
    }
    Result<Account> set_admin(const std::string& address, bool admin) {
        return with(address, [&](Transaction& t, Account account) {
            return core::set_admin(t, std::move(account), admin, actor(), clock.now());
        });
    }
    NewAccount admin(const std::string& address) {
        return {email(address), AccountKind::standard, true, false, true, "new:correct"};
    }

    FakeClock clock;
    std::unique_ptr<MemoryStore> store;
};

TEST_F(Accounts, AnAddressHasOneAccount) {
    EXPECT_EQ(add({email(), AccountKind::demo, false, false, false, ""}), "account_exists");
    EXPECT_EQ(store->tables.accounts.size(), 1U);
}

TEST_F(Accounts, AnUnknownAddressIsSaidToBeUnknown) {
    EXPECT_EQ(disable("nobody@example.org"), "account_unknown");
    EXPECT_EQ(remove("nobody@example.org"), "account_unknown");
}

TEST_F(Accounts, DoingAgainWhatIsDoneChangesNothing) {
    EXPECT_EQ(disable(email().key), "done");
    const auto records = store->tables.audit.size();
    const auto version = store->tables.accounts.begin()->second.security_version;
    clock.advance(Seconds(1));
    EXPECT_EQ(disable(email().key), "done");
    EXPECT_EQ(store->tables.audit.size(), records);
    EXPECT_EQ(store->tables.accounts.begin()->second.security_version, version);
}

TEST_F(Accounts, TheLastActiveAdministratorStays) {
    ASSERT_EQ(add(admin("one@example.org")), "created");
    EXPECT_EQ(disable("one@example.org"), "last_admin");
    EXPECT_EQ(remove("one@example.org"), "last_admin");
    ASSERT_EQ(add(admin("two@example.org")), "created");
    EXPECT_EQ(disable("one@example.org"), "done");
    EXPECT_EQ(remove("two@example.org"), "last_admin") << "a disabled administrator is no administrator";
    EXPECT_EQ(remove("one@example.org"), "done") << "and may go";
}

TEST_F(Accounts, DeletionRevokesWhatTheAccountHeldAndLeavesARecord) {
    const auto pair = testing::log_in(*store, clock.now());
    ASSERT_EQ(remove(email().key), "done");
    EXPECT_EQ(store->state(pair->access.slot), SlotState::revoked);
    EXPECT_TRUE(store->tables.sessions.empty());
    EXPECT_EQ(store->tables.audit.back().event, "account.deleted");
    EXPECT_EQ(testing::refresh(*store, pair->refresh, clock.now())->status, RefreshStatus::session_ended);
}

TEST_F(Accounts, EveryChangeRaisesTheSecurityVersion) {
    const auto version = [&] { return store->tables.accounts.begin()->second.security_version; };
    auto last = version();
    const auto expect_higher = [&](const Result<Account>& changed) {
        ASSERT_TRUE(changed.has_value());
        EXPECT_GT(version(), last);
        last = version();
    };
    expect_higher(change(email().key, verify_account));
    expect_higher(change(email().key, disable_account));
    expect_higher(change(email().key, enable_account));
    expect_higher(set_roles("billing"));
    expect_higher(set_admin(email().key, true));
    expect_higher(with(email().key, [&](Transaction& t, Account account) {
        return set_password(t, std::move(account), {"new:other", "new"}, actor(), clock.now());
    }));
}

TEST_F(Accounts, AnotherRoleEndsWhatWasHeldUnderTheOldOnes) {
    auto pair = testing::log_in(*store, clock.now());
    ASSERT_TRUE(set_roles("billing").has_value());
    EXPECT_EQ(store->state(pair->access.slot), SlotState::revoked);
    EXPECT_EQ(store->tables.audit.back().event, "account.roles_changed");
    EXPECT_EQ(store->tables.audit.back().outcome, "role_changed");
    EXPECT_EQ(store->tables.audit.back().detail, email().given);

    pair = testing::log_in(*store, clock.now());
    ASSERT_TRUE(set_roles("billing").has_value());
    EXPECT_EQ(store->state(pair->access.slot), SlotState::live) << "the same roles are no change";
    ASSERT_TRUE(set_admin(email().key, true).has_value());
    EXPECT_EQ(store->state(pair->access.slot), SlotState::revoked);
}

TEST_F(Accounts, RolesAreWordsEachOnce) {
    const auto accepted = accept_roles({"b", "a", "b"});
    ASSERT_TRUE(accepted.has_value());
    EXPECT_EQ(*accepted, (std::vector<std::string>{"a", "b"}));
    for (const std::string& role :
         {std::string(), std::string("two words"), std::string("a\tb"), std::string("a\0b", 3),
          std::string("gr\xc3\xbcn"), std::string("\"a"), std::string(65, 'a')}) {
        EXPECT_EQ(word_of(set_roles(role)), "invalid_role") << role;
    }
    EXPECT_EQ(word_of(set_roles(std::string(64, 'a'))), "done");
    std::vector<std::string> many;
    for (int i = 0; i < 33; ++i) many.push_back("role" + std::to_string(i));
    EXPECT_EQ(accept_roles(many).error().code, "too_many_roles");
}

TEST_F(Accounts, TheLastActiveAdministratorKeepsTheRole) {
    ASSERT_EQ(add(admin("one@example.org")), "created");
    EXPECT_EQ(word_of(set_admin("one@example.org", false)), "last_admin");
    ASSERT_TRUE(set_admin(email().key, true).has_value());
    EXPECT_EQ(word_of(set_admin("one@example.org", false)), "done");
    EXPECT_EQ(word_of(set_admin(email().key, false)), "last_admin");
}

TEST_F(Accounts, ConversionKeepsAnAccountAsUsableAsItWas) {
    ASSERT_EQ(add({email("demo@example.org"), AccountKind::demo, false, false, false, "new:correct"}), "created");
    ASSERT_EQ(add({email("proven@example.org"), AccountKind::demo, false, true, false, "new:correct"}), "created");
    const auto unproven = change("demo@example.org", convert_account);
    const auto proven = change("proven@example.org", convert_account);
    ASSERT_TRUE(unproven.has_value() && proven.has_value());
    EXPECT_EQ(unproven->kind, AccountKind::standard);
    EXPECT_FALSE(is_active(*unproven)) << "nobody has proven its address, and nobody has activated it";
    EXPECT_EQ(unproven->password_hash, "") << "whoever signed up may have typed somebody else's address";
    EXPECT_EQ(proven->password_hash, "new:correct");
    EXPECT_EQ(proven->kind, AccountKind::standard);
    EXPECT_TRUE(is_active(*proven));
}

TEST_F(Accounts, PendingLinksDieWithTheTrust) {
    const auto links = [&] { return store->tables.mail_tokens.size(); };
    const auto mail_link = [&] {
        ASSERT_TRUE(with(email().key, [&](Transaction& t, Account account) -> Result<Account> {
                        TRY(t.insert_mail_token({.id = MailTokenId::make(clock.now()), .account_id = account.id}));
                        return account;
                    }).has_value());
    };
    mail_link();
    ASSERT_TRUE(set_roles("billing").has_value());
    EXPECT_EQ(links(), 1U) << "an invitation survives a role";
    ASSERT_EQ(disable(email().key), "done");
    EXPECT_EQ(links(), 0U);
    mail_link();
    ASSERT_TRUE(with(email().key, [&](Transaction& t, Account account) {
                    return set_password(t, std::move(account), {"new:other", "new"}, actor(), clock.now());
                }).has_value());
    EXPECT_EQ(links(), 0U);
    mail_link();
    ASSERT_EQ(remove(email().key), "done");
    EXPECT_EQ(links(), 0U);
}

}  // namespace
}  // namespace postern::core

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
    std::string disable(const std::string& address) {
        auto done = write([&](Transaction& t) { return disable_account(t, address, actor(), clock.now()); });
        return done.has_value() ? "done" : done.error().code;
    }
    std::string remove(const std::string& address) {
        auto done = write([&](Transaction& t) { return delete_account(t, address, actor(), clock.now()); });
        return done.has_value() ? "done" : done.error().code;
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
    expect_higher(write([&](Transaction& t) { return verify_account(t, email().key, actor(), clock.now()); }));
    expect_higher(write([&](Transaction& t) { return disable_account(t, email().key, actor(), clock.now()); }));
    expect_higher(write([&](Transaction& t) { return enable_account(t, email().key, actor(), clock.now()); }));
    expect_higher(
        write([&](Transaction& t) { return set_password(t, email().key, "new:other", actor(), clock.now()); }));
}

}  // namespace
}  // namespace postern::core

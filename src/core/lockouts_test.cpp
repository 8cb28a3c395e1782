#include "core/lockouts.hpp"

#include <gtest/gtest.h>

#include "core/testing.hpp"

namespace postern::core {
namespace {

using namespace std::chrono_literals;
using testing::actor;
using testing::email;

class LockoutsTest : public ::testing::Test {
protected:
    void SetUp() override { store = testing::store_with_account(clock.now()); }

    const Account& account() { return store->tables.accounts.begin()->second; }
    // As the throttle's flush does.
    void fail(std::string_view email_key, std::int64_t count, std::optional<AccountId> of) {
        ASSERT_TRUE(write_and_wait(*store, [&](Transaction& t) -> Result<void> {
                        TRY(t.add_login_failures(email_digest(email_key), count, clock.now()));
                        return record(t, "login.failed", actor(), {.account = of}, "wrong_password", clock.now());
                    }).has_value());
    }
    Lockouts list() {
        return read_and_wait(*store, [&](Reader& reader) { return list_lockouts(reader, policy, clock.now(), 10); })
            .take();
    }
    std::optional<Timestamp> find() {
        return read_and_wait(*store,
                             [&](Reader& reader) { return find_lockout(reader, account(), policy, clock.now()); })
            .take();
    }

    ThrottlePolicy policy{.account_failures = 100, .lock_time = 24h};
    FakeClock clock;
    std::unique_ptr<MemoryStore> store;
};

TEST_F(LockoutsTest, NamesTheAccountsThatAreLockedAndCountsTheRest) {
    fail(email().key, 99, account().id);
    EXPECT_TRUE(list().accounts.empty());
    EXPECT_FALSE(find().has_value());
    fail(email().key, 1, account().id);
    fail("nobody@example.org", 150, std::nullopt);
    const Lockouts lockouts = list();
    ASSERT_EQ(lockouts.accounts.size(), 1U);
    EXPECT_EQ(lockouts.accounts[0].account.id, account().id);
    EXPECT_EQ(lockouts.accounts[0].failures, 100);
    EXPECT_EQ(lockouts.accounts[0].until, clock.now() + 24h);
    EXPECT_EQ(lockouts.unknown_addresses, 1);
    EXPECT_EQ(find(), clock.now() + 24h);
    clock.advance(24h + 1s);
    EXPECT_TRUE(list().accounts.empty());
    EXPECT_FALSE(find().has_value());
}

TEST_F(LockoutsTest, LiftingForgetsTheFailuresAndLeavesARecord) {
    fail(email().key, 100, account().id);
    const auto lift = [&] {
        return write_and_wait(*store, [&](Transaction& t) { return lift_lockout(t, account(), actor(), clock.now()); });
    };
    ASSERT_TRUE(lift().has_value());
    EXPECT_FALSE(find().has_value());
    EXPECT_EQ(store->tables.audit.back().event, "account.lockout_lifted");
    const auto records = store->tables.audit.size();
    EXPECT_TRUE(lift().has_value());
    EXPECT_EQ(store->tables.audit.size(), records);
}

}  // namespace
}  // namespace postern::core

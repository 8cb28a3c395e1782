#include "store/feed.hpp"

#include <gtest/gtest.h>

#include "store/columns.hpp"
#include "store/migrations.hpp"
#include "store/test_store.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

using namespace std::chrono_literals;
using core::SlotState;

// The feed over bare connections, with what other nodes do written by hand.
class FeedTest : public StoreTest {
protected:
    FeedTest() {
        connection_ = connect();
        MUST(migrate(*connection_));
    }

    [[nodiscard]] ListInfo make_list() const {
        return {core::ListId::make(now()), "key-1", now() + 30min, limits::list_slots, false};
    }

    ListInfo add_list(Connection& connection) {
        const auto list = make_list();
        MUST(connection.begin_write());
        MUST(insert_list(connection, list, now()));
        MUST(connection.commit());
        return list;
    }

    void add_slots(Connection& connection, const ListInfo& list, std::int64_t count) {
        MUST(connection.begin_write());
        MUST(
            connection.execute("WITH RECURSIVE numbers (n) AS (SELECT CAST(0 AS BIGINT) UNION ALL "
                               "SELECT n + 1 FROM numbers WHERE n + 1 < $1) "
                               "INSERT INTO token_slots (list_id, idx, session_id, counter, jti, issued_at, "
                               "expires_at) SELECT $2, n, $2, 1, $2, $3, $3 FROM numbers",
                               values(count, list.id, now())));
        MUST(connection.commit());
    }

    // In the caller's transaction.
    void revoke(Connection& connection, const ListInfo& list, std::int64_t from, std::int64_t to) {
        const auto change = MUST(connection.change_number());
        MUST(
            connection.execute("UPDATE token_slots SET revoked_at = $1, revoke_reason = 'token_revoked', "
                               "revoke_change = $2 WHERE list_id = $3 AND idx >= $4 AND idx < $5",
                               values(now(), change, list.id, from, to)));
    }
    void revoke_and_commit(Connection& connection, const ListInfo& list, std::int64_t from, std::int64_t to) {
        MUST(connection.begin_write());
        revoke(connection, list, from, to);
        MUST(connection.commit());
    }

    FeedNews poll() { return MUST(feed_.poll(*connection_, now())); }
    [[nodiscard]] SlotState state(const ListInfo& list, std::uint32_t index) const {
        return bitmaps_.state({list.id, index});
    }

    std::unique_ptr<Connection> connection_;
    Bitmaps bitmaps_{2s};
    Feed feed_{bitmaps_};
};

INSTANTIATE_TEST_SUITE_P(On, FeedTest, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(FeedTest, ReadsWhatWasThereAndThenWhatComes) {
    const auto old_list = add_list(*connection_);
    add_slots(*connection_, old_list, 10);
    revoke_and_commit(*connection_, old_list, 3, 4);
    EXPECT_FALSE(bitmaps_.is_fresh());
    poll();
    EXPECT_TRUE(bitmaps_.is_fresh());
    EXPECT_EQ(state(old_list, 3), SlotState::revoked);
    EXPECT_EQ(state(old_list, 4), SlotState::live);

    const auto new_list = add_list(*connection_);
    add_slots(*connection_, new_list, 10);
    revoke_and_commit(*connection_, old_list, 4, 5);
    revoke_and_commit(*connection_, new_list, 5, 6);
    EXPECT_EQ(state(new_list, 5), SlotState::unknown);
    poll();
    EXPECT_EQ(state(old_list, 3), SlotState::revoked);
    EXPECT_EQ(state(old_list, 4), SlotState::revoked);
    EXPECT_EQ(state(old_list, 5), SlotState::live);
    EXPECT_EQ(state(new_list, 5), SlotState::revoked);
    EXPECT_EQ(state(new_list, 6), SlotState::live);
}

TEST_P(FeedTest, ReadsMoreThanOnePage) {
    constexpr std::int64_t many = 21'000;
    const auto list = add_list(*connection_);
    add_slots(*connection_, list, 2 * many);
    revoke_and_commit(*connection_, list, 0, many);
    poll();
    EXPECT_EQ(state(list, many - 1), SlotState::revoked);
    EXPECT_EQ(state(list, many), SlotState::live);
    revoke_and_commit(*connection_, list, many, 2 * many);
    poll();
    for (std::uint32_t index = 0; index < 2 * many; ++index) ASSERT_EQ(state(list, index), SlotState::revoked) << index;
    EXPECT_EQ(state(list, 2 * many), SlotState::live);
}

TEST_P(FeedTest, SaysOnceThatAKeyChanged) {
    EXPECT_FALSE(poll().keys_changed) << "there is none";
    MUST(connection_->begin_write());
    Pending pending;
    OpenLists lists(15min);
    MUST(SqlTransaction(*connection_, lists, pending).insert_key(some_key("key-1", now())));
    MUST(connection_->commit());
    EXPECT_TRUE(poll().keys_changed);
    EXPECT_FALSE(poll().keys_changed);
    feed_.forget();
    EXPECT_FALSE(poll().keys_changed);
}

TEST_P(FeedTest, ForgetsListsThatARebuildDoesNotFind) {
    const auto kept = add_list(*connection_);
    const auto lost = make_list();  // as after a failover to a standby that never had it
    bitmaps_.put_list(lost);
    bitmaps_.put_list(kept, std::vector<std::uint32_t>{7});
    poll();
    EXPECT_EQ(state(lost, 0), SlotState::unknown);
    EXPECT_EQ(state(kept, 7), SlotState::revoked) << "what was revoked stays revoked";
    bitmaps_.put_list(lost);
    poll();
    EXPECT_EQ(state(lost, 0), SlotState::live) << "only a rebuild says what is gone";
}

TEST_P(FeedTest, LeavesTheBitmapsAsTheyAreWhenItFails) {
    const auto list = add_list(*connection_);
    poll();
    MUST(connection_->execute_script("ALTER TABLE signing_keys RENAME TO elsewhere"));
    feed_.forget();
    EXPECT_FALSE(feed_.poll(*connection_, now()).has_value());
    EXPECT_EQ(state(list, 0), SlotState::live);
    MUST(connection_->execute_script("ALTER TABLE elsewhere RENAME TO signing_keys"));
    EXPECT_TRUE(feed_.poll(*connection_, now()).has_value());
}

class PostgresFeedTest : public FeedTest {};
INSTANTIATE_TEST_SUITE_P(On, PostgresFeedTest, testing::Values("postgresql"), engine_name);

// The trap of every feed by ascending number: the slow one has the lower number, and commits after it was passed.
TEST_P(PostgresFeedTest, SeesATransactionThatCommitsAfterALaterOne) {
    const auto list = add_list(*connection_);
    add_slots(*connection_, list, 10);
    poll();
    auto slow = connect();
    MUST(slow->begin_write());
    revoke(*slow, list, 1, 2);
    auto quick = connect();
    MUST(quick->begin_write());
    revoke(*quick, list, 2, 3);
    EXPECT_LT(MUST(slow->change_number()), MUST(quick->change_number()));
    MUST(quick->commit());

    poll();
    EXPECT_EQ(state(list, 1), SlotState::live);
    EXPECT_EQ(state(list, 2), SlotState::revoked);
    poll();
    revoke_and_commit(*quick, list, 3, 4);
    poll();
    EXPECT_EQ(state(list, 3), SlotState::revoked);
    MUST(slow->commit());
    poll();
    EXPECT_EQ(state(list, 1), SlotState::revoked);
}

}  // namespace
}  // namespace postern::store

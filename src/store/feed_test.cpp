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
        auto list = make_list();
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

TEST_P(FeedTest, SaysOnceThatAClientChanged) {
    core::Client client;
    client.id = core::ClientId::make(now());
    client.name = "reports";
    client.secret_hash = {1};
    const auto write = [&](auto change) {
        Pending pending;
        OpenLists lists(15min);
        MUST(connection_->begin_write());
        SqlTransaction transaction(*connection_, lists, pending);
        MUST(change(transaction));
        MUST(connection_->commit());
        EXPECT_TRUE(pending.clients_changed);
        EXPECT_TRUE(pending.feed_changed);
    };
    EXPECT_FALSE(poll().clients_changed) << "there is none";
    write([&](core::Transaction& transaction) { return transaction.insert_client(client); });
    EXPECT_TRUE(poll().clients_changed);
    EXPECT_FALSE(poll().clients_changed);
    write([&](core::Transaction& transaction) { return transaction.update_client(client); });
    EXPECT_TRUE(poll().clients_changed);
    write([&](core::Transaction& transaction) { return transaction.delete_client(client.id); });
    const auto news = poll();
    EXPECT_TRUE(news.clients_changed);
    EXPECT_FALSE(news.keys_changed);
    // One goes and another comes between two polls: as many as before.
    write([&](core::Transaction& transaction) { return transaction.insert_client(client); });
    poll();
    write([&](core::Transaction& transaction) { return transaction.delete_client(client.id); });
    write([&](core::Transaction& transaction) { return transaction.insert_client(client); });
    EXPECT_TRUE(poll().clients_changed);
    feed_.forget();
    EXPECT_FALSE(poll().clients_changed);
}

TEST_P(FeedTest, TellsEachBitOnceAndThoseOfAPollTogether) {
    const auto list = add_list(*connection_);
    add_slots(*connection_, list, 20);
    revoke_and_commit(*connection_, list, 0, 2);
    poll();
    std::vector<core::RevocationChange> told;
    bitmaps_.on_learnt([&told](const core::RevocationChange& change) { told.push_back(change); });
    revoke_and_commit(*connection_, list, 2, 3);
    bitmaps_.revoke({list.id, 2});  // as when this node has committed it itself
    ASSERT_EQ(told.size(), 1U);
    revoke_and_commit(*connection_, list, 5, 7);
    revoke_and_commit(*connection_, list, 9, 10);
    poll();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[1].slots, (std::vector<std::uint32_t>{5, 6, 9}));
    feed_.forget();
    poll();  // reads everything again
    poll();
    EXPECT_EQ(told.size(), 2U);
    const auto another = add_list(*connection_);
    add_slots(*connection_, another, 1);
    revoke_and_commit(*connection_, another, 0, 1);
    poll();
    ASSERT_EQ(told.size(), 4U);
    EXPECT_EQ(told[2].kind, core::RevocationChange::Kind::list_opened);
    EXPECT_EQ(told[2].list, another.id);
    EXPECT_EQ(told[3].slots, std::vector<std::uint32_t>{0});
}

TEST_P(FeedTest, ForgetsListsThatARebuildDoesNotFind) {
    const auto kept = add_list(*connection_);
    const auto lost = make_list();  // as after a failover to a standby that never had it
    bitmaps_.put_list(lost);
    bitmaps_.put_list(kept, std::vector<std::uint32_t>{7});
    auto expired = make_list();
    expired.expires_at = now();
    bitmaps_.put_list(expired);
    std::vector<core::ListId> revoked_lists;
    bitmaps_.on_learnt([&](const core::RevocationChange& change) {
        if (change.kind == core::RevocationChange::Kind::list_revoked) revoked_lists.push_back(change.list);
    });
    poll();
    EXPECT_EQ(state(expired, 0), SlotState::unknown);
    EXPECT_EQ(state(lost, 0), SlotState::unknown);
    EXPECT_EQ(state(kept, 7), SlotState::revoked) << "what was revoked stays revoked";
    EXPECT_EQ(revoked_lists, std::vector{lost.id}) << "others must not go on accepting what is refused here";
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

// The same trap for clients: the highest number among them would not tell.
TEST_P(PostgresFeedTest, SeesAClientThatASlowTransactionChanged) {
    core::Client client;
    client.id = core::ClientId::make(now());
    client.name = "slow";
    client.secret_hash = {1};
    Pending pending;
    OpenLists lists(15min);
    auto slow = connect();
    MUST(slow->begin_write());
    MUST(slow->change_number());  // has begun, and has not come to the client
    auto quick = connect();
    MUST(quick->begin_write());
    auto other = client;
    other.id = core::ClientId::make(now());
    other.name = "quick";
    MUST(SqlTransaction(*quick, lists, pending).insert_client(other));
    MUST(quick->commit());
    EXPECT_TRUE(poll().clients_changed);
    MUST(SqlTransaction(*slow, lists, pending).insert_client(client));
    EXPECT_FALSE(poll().clients_changed);
    MUST(slow->commit());
    EXPECT_TRUE(poll().clients_changed);
    EXPECT_FALSE(poll().clients_changed);
}

}  // namespace
}  // namespace postern::store

// What is SQLite's alone: group commit, a lock that another process holds, the log of failures.
#include "store/sqlite_engine.hpp"

#include <algorithm>

#include "store/test_store.hpp"

namespace postern::store {
namespace {

using core::read_and_wait;
using core::Reader;
using core::SlotState;
using core::Transaction;
using core::write_and_wait;

constexpr auto short_wait = Milliseconds(50);

class SqliteEngine : public testing::Test {
protected:
    SqliteEngine() {
        options_.access_token_life = std::chrono::minutes(15);
        options_.freshness_bound = std::chrono::seconds(2);
        options_.session_retention = std::chrono::hours(24 * 30);
        options_.audit_retention = std::chrono::hours(24 * 400);
    }
    std::unique_ptr<core::Store> open() {
        return MUST(SqliteStore::open(folder_.file(), options_, clock_, short_wait));
    }
    std::unique_ptr<SqliteConnection> connect() {
        return MUST(SqliteConnection::open(folder_.file(), SqliteAccess::read_write, short_wait));
    }
    Result<void> add_account(core::Store& store, const std::string& email) {
        return write_and_wait(store, [&](Transaction& transaction) {
            return transaction.insert_account(some_account(email, clock_.now()));
        });
    }

    TestFolder folder_;
    FakeClock clock_;
    StoreOptions options_;
};

TEST_F(SqliteEngine, CommitsManyWritesAtOnce) {
    auto store = open();
    constexpr int writes = 2000;
    std::atomic<int> done = 0;
    for (int i = 0; i < writes; ++i) {
        store->write(
            [this, i](Transaction& transaction) {
                return transaction.insert_account(some_account(std::to_string(i) + "@example.com", clock_.now()));
            },
            [&done](Result<void> result) { done += result.has_value() ? 1 : 0; });
    }
    ASSERT_TRUE(soon([&] { return done == writes; }));
    const auto figures = store->figures();
    EXPECT_GE(figures.writes, writes);
    EXPECT_GT(figures.writes, 10 * figures.commits) << figures.commits << " commits";
    EXPECT_EQ(figures.queued, 0);
}

TEST_F(SqliteEngine, AnswersUnavailableWhileAnotherProcessHoldsTheLock) {
    auto store = open();
    auto other = connect();
    MUST(other->begin_write());
    auto refused = add_account(*store, "ann@example.com");
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
    EXPECT_NE(refused.error().message.find("locked"), std::string::npos) << refused.error().message;
    EXPECT_GE(store->figures().failed_commits, 1);
    // Readers go on, and nothing is stale.
    EXPECT_FALSE(
        MUST(read_and_wait(*store, [](Reader& reader) { return reader.find_setting("nothing"); })).has_value());
    EXPECT_TRUE(store->revocations().is_fresh());
    other->rollback();
    MUST(add_account(*store, "ann@example.com"));
}

TEST_F(SqliteEngine, AnOpenOfALockedNewFileSaysSo) {
    auto other = connect();
    MUST(other->begin_write());
    auto refused = SqliteStore::open(folder_.file(), options_, clock_, short_wait);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
}

TEST_F(SqliteEngine, OpensBesideAWriterOnceTheSchemaIsThere) {
    open();
    auto other = connect();
    MUST(other->begin_write());
    auto store = open();
    EXPECT_TRUE(store->revocations().is_fresh());
}

TEST_F(SqliteEngine, SeesWhatAnotherProcessDidWithinATenthOfASecond) {
    auto server = open();
    auto other = open();
    std::vector<std::chrono::steady_clock::duration> times;
    for (int round = 0; round < 11; ++round) {
        core::SlotRef ref;
        MUST(write_and_wait(*server, [&](Transaction& transaction) -> Result<void> {
            core::Slot slot;
            ref = slot.ref = TRY(transaction.reserve_slot("key", clock_.now()));
            return transaction.insert_slot(slot);
        }));
        MUST(write_and_wait(*other, [&](Transaction& transaction) {
            return transaction.revoke_slot(ref, clock_.now(), core::RevocationReason::token_revoked);
        }));
        const auto committed = std::chrono::steady_clock::now();
        ASSERT_TRUE(soon([&] { return server->revocations().state(ref) == SlotState::revoked; }));
        times.push_back(std::chrono::steady_clock::now() - committed);
    }
    std::ranges::sort(times);
    EXPECT_LT(times[times.size() / 2], std::chrono::milliseconds(100));
}

TEST_F(SqliteEngine, AFailedStatementInAWorkIsTheWorksOwn) {
    auto store = open();
    MUST(add_account(*store, "ann@example.com"));
    auto outcome = write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
        // The conflict is met and got over: the rest of the work stands.
        EXPECT_FALSE(transaction.insert_account(some_account("ann@example.com", clock_.now())).has_value());
        return transaction.set_setting("got", "over it");
    });
    EXPECT_TRUE(outcome.has_value());
    EXPECT_EQ(MUST(read_and_wait(*store, [](Reader& reader) { return reader.find_setting("got"); })), "over it");
}

TEST_F(SqliteEngine, OpensTheNextListAheadOfNeed) {
    auto store = open();
    const auto reserve = [&] {
        return write_and_wait(*store, [&](Transaction& transaction) -> Result<void> {
            TRY(transaction.reserve_slot("key", clock_.now()));
            return {};
        });
    };
    MUST(reserve());
    EXPECT_TRUE(soon([&] { return store->figures().lists == 2; }));
    const auto commits = store->figures().commits;
    clock_.advance(options_.access_token_life);
    MUST(reserve());
    EXPECT_EQ(store->figures().commits, commits + 1) << "one commit, since the list was open";
}

TEST_F(SqliteEngine, SaysSomethingUsefulAboutTheFile) {
    auto store = open();
    std::string said;
    for (const auto& finding : store->diagnose()) said += finding.message + "\n";
    EXPECT_NE(said.find("mode 0600"), std::string::npos) << said;
    EXPECT_NE(said.find("journal_mode is wal, synchronous is 2"), std::string::npos) << said;
    EXPECT_NE(said.find("No damage found"), std::string::npos) << said;
    EXPECT_NE(said.find("MiB are free"), std::string::npos) << said;
}

TEST(OpenStore, RefusesAUrlThatItDoesNotKnow) {
    const SystemClock clock;
    StoreOptions options;
    options.url = "mysql://root:secret@host/db";
    const auto error = open_store(options, clock).error();
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
    EXPECT_EQ(error.message.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace postern::store

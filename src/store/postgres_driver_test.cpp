#include "store/postgres_driver.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "store/columns.hpp"
#include "store/migrations.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using namespace std::chrono_literals;

class PostgresDriver : public testing::Test {
protected:
    std::unique_ptr<PostgresConnection> connect(Milliseconds statement_time = limits::postgres_statement_time) {
        PostgresTarget target;
        target.url = url_;
        target.statement_time = statement_time;
        return MUST(PostgresConnection::open(target));
    }

    const std::string url_ = TestPostgres::instance().create_database();
};

Value round_trip(Connection& connection, std::string_view sql, const Value& value) {
    return MUST(connection.execute(sql, std::array{value})).rows.at(0).at(0);
}

TEST_F(PostgresDriver, KeepsValuesAsTheyAre) {
    auto connection = connect();
    for (const std::int64_t number :
         {std::int64_t{0}, std::int64_t{-1}, std::int64_t{255}, std::int64_t{1} << 40U,
          std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
        EXPECT_EQ(std::get<std::int64_t>(round_trip(*connection, "SELECT CAST($1 AS BIGINT)", number)), number);
    }
    Blob every_byte(256);
    for (std::size_t i = 0; i < every_byte.size(); ++i) every_byte[i] = static_cast<std::uint8_t>(i);
    for (const auto& bytes : {every_byte, Blob(), Blob{'\\', 'x', '0'}}) {
        EXPECT_EQ(std::get<Blob>(round_trip(*connection, "SELECT CAST($1 AS BYTEA)", bytes)), bytes);
    }
    for (const std::string text : {"", "it's \\ \"quoted\"", "Grüße, 世界", "12"}) {
        EXPECT_EQ(std::get<std::string>(round_trip(*connection, "SELECT CAST($1 AS TEXT)", text)), text);
    }
    const auto null = round_trip(*connection, "SELECT CAST($1 AS TEXT)", Null{});
    EXPECT_TRUE(std::holds_alternative<Null>(null));
}

TEST_F(PostgresDriver, AssertsTypes) {
    auto connection = connect();
    ASSERT_TRUE(connection->execute_script("CREATE TABLE t (b BYTEA, n BIGINT)").has_value());
    constexpr std::string_view insert = "INSERT INTO t (b, n) VALUES ($1, $2)";
    EXPECT_EQ(MUST(connection->execute(insert, values(Blob{1}, std::int64_t{1}))).changed, 1);
    for (const auto& wrong : {values("text", std::int64_t{1}), values(Blob{1}, "1")}) {
        const auto refused = connection->execute(insert, wrong);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error().kind, ErrorKind::internal);
    }
    EXPECT_FALSE(connection->execute(insert, values(Blob{1})).has_value());
    EXPECT_FALSE(connection->execute("SELECT 1.5", {}).has_value()) << "a numeric is none of our types";
    // A parameter that was NULL at first has the column's type.
    constexpr std::string_view second = "INSERT INTO t (b, n) VALUES ($1, $2) RETURNING n";
    EXPECT_TRUE(connection->execute(second, std::array<Value, 2>{Null{}, Null{}}).has_value());
    EXPECT_TRUE(connection->execute(second, values(Blob{1}, std::int64_t{1})).has_value());
    EXPECT_FALSE(connection->execute(second, values(Blob{1}, "1")).has_value());
}

TEST_F(PostgresDriver, CountsWhatItChanged) {
    auto connection = connect();
    ASSERT_TRUE(connection->execute_script("CREATE TABLE t (n BIGINT UNIQUE)").has_value());
    EXPECT_EQ(MUST(connection->execute("INSERT INTO t SELECT generate_series(1, 5)", {})).changed, 5);
    EXPECT_EQ(MUST(connection->execute("SELECT n FROM t", {})).changed, 0);
    EXPECT_EQ(MUST(connection->execute("DELETE FROM t WHERE n > 3 RETURNING n", {})).changed, 2);
    auto twice = connection->execute("INSERT INTO t VALUES (1)", {});
    ASSERT_FALSE(twice.has_value());
    EXPECT_EQ(twice.error().kind, ErrorKind::conflict);
    EXPECT_EQ(twice.error().code, "unique_violation");
}

TEST_F(PostgresDriver, DoesNotTakeAFailedTransactionForCommitted) {
    auto connection = connect();
    ASSERT_TRUE(connection->begin_write().has_value());
    EXPECT_FALSE(connection->execute("SELECT no_such_column", {}).has_value());
    EXPECT_FALSE(connection->commit().has_value());
    connection->rollback();
    ASSERT_TRUE(connection->begin_write().has_value());
    EXPECT_TRUE(connection->commit().has_value());
}

// A cancelled wait for a synchronous standby ends in such a warning: "committed locally".
TEST_F(PostgresDriver, DoesNotTakeAWarningAtCommitForSuccess) {
    auto connection = connect();
    ASSERT_TRUE(connection
                    ->execute_script("CREATE TABLE t (n BIGINT);"
                                     "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
                                     "$$ BEGIN RAISE WARNING 'not waited for'; RETURN NULL; END $$;"
                                     "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
                                     "FOR EACH ROW EXECUTE FUNCTION warn()")
                    .has_value());
    ASSERT_TRUE(connection->begin_write().has_value());
    ASSERT_TRUE(connection->execute("INSERT INTO t VALUES (1)", {}).has_value());
    const auto committed = connection->commit();
    ASSERT_FALSE(committed.has_value());
    EXPECT_EQ(committed.error().kind, ErrorKind::unavailable);
    EXPECT_NE(committed.error().message.find("not waited for"), std::string::npos);

    ASSERT_TRUE(connection->begin_write().has_value());
    EXPECT_TRUE(connection->commit().has_value()) << "the warning was of the transaction before";
}

TEST_F(PostgresDriver, TellsALostRaceFromAnError) {
    auto one = connect();
    auto other = connect();
    ASSERT_TRUE(one->execute_script("CREATE TABLE t (id BIGINT, n BIGINT); INSERT INTO t VALUES (1, 0), (2, 0)"));
    constexpr std::string_view update = "UPDATE t SET n = n + 1 WHERE id = $1";
    ASSERT_TRUE(one->begin_write().has_value());
    ASSERT_TRUE(other->begin_write().has_value());
    ASSERT_TRUE(one->execute(update, values(std::int64_t{1})).has_value());
    ASSERT_TRUE(other->execute(update, values(std::int64_t{2})).has_value());
    Result<void> first;
    std::thread crossing([&] {
        auto updated = one->execute(update, values(std::int64_t{2}));
        if (!updated.has_value()) first = std::move(updated.error());
    });
    const auto second = other->execute(update, values(std::int64_t{1}));
    if (!second.has_value()) other->rollback();
    crossing.join();
    ASSERT_NE(first.has_value(), second.has_value());
    const auto& error = first.has_value() ? second.error() : first.error();
    EXPECT_EQ(error.kind, ErrorKind::conflict);
    EXPECT_EQ(error.code, "retry");
}

TEST_F(PostgresDriver, GivesAStatementItsTime) {
    auto connection = connect(100ms);
    const auto slow = connection->execute("SELECT pg_sleep(5)", {});
    ASSERT_FALSE(slow.has_value());
    EXPECT_EQ(slow.error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(connection->is_lost());
    EXPECT_TRUE(connection->execute("SELECT 1", {}).has_value());
}

TEST_F(PostgresDriver, GivesUpOnAServerThatStandsStill) {
    auto connection = connect(100ms);
    TestPostgres::instance().suspend();
    const auto began = std::chrono::steady_clock::now();
    const auto answer = connection->execute("SELECT 1", {});
    const auto waited = std::chrono::steady_clock::now() - began;
    TestPostgres::instance().resume();
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(answer.error().retry_after.has_value());
    EXPECT_TRUE(connection->is_lost());
    EXPECT_LT(waited, 3s);
    EXPECT_FALSE(connection->execute("SELECT 1", {}).has_value());
}

TEST_F(PostgresDriver, NeverQuotesThePassword) {
    for (const std::string url :
         {"postgresql://ann:hunter2hunter2@/d?host=/nowhere", "postgresql://ann:hunter2hunter2%zz@/d",
          "postgresql://ann:hunter2hunter2@[::1/d", "postgresql://ann:x@/d?nonsense=hunter2hunter2"}) {
        const auto opened = PostgresConnection::open({url});
        ASSERT_FALSE(opened.has_value());
        EXPECT_EQ(opened.error().message.find("hunter2"), std::string::npos) << opened.error().message;
    }
    const auto nowhere = PostgresConnection::open({"postgresql://ann:hunter2hunter2@/d?host=/nowhere"});
    EXPECT_EQ(nowhere.error().kind, ErrorKind::unavailable);
    EXPECT_NE(nowhere.error().message.find("host /nowhere, database d"), std::string::npos);
}

TEST_F(PostgresDriver, UsesAPrimaryOnly) {
    ASSERT_TRUE(
        connect()->execute_script("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
                                  "default_transaction_read_only = on', current_database()); END $$"));
    const auto opened = PostgresConnection::open({url_});
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, ErrorKind::unavailable);
    PostgresTarget any;
    any.url = url_;
    any.primary_only = false;
    EXPECT_TRUE(PostgresConnection::open(any).has_value());
}

TEST_F(PostgresDriver, CommitsSynchronouslyWhateverTheServersDefault) {
    ASSERT_TRUE(
        connect()->execute_script("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET "
                                  "synchronous_commit = off', current_database()); END $$"));
    auto outcome = MUST(connect()->execute("SELECT current_setting('synchronous_commit')", {}));
    EXPECT_EQ(Columns(outcome.rows.at(0)).text(), "on");
}

TEST_F(PostgresDriver, MigratesOnceHoweverManyNodesStart) {
    std::vector<std::thread> nodes;
    std::array<Result<void>, 4> migrated;
    for (auto& outcome : migrated) {
        nodes.emplace_back([&] { outcome = migrate(*connect()); });
    }
    for (auto& node : nodes) node.join();
    for (const auto& outcome : migrated) EXPECT_TRUE(outcome.has_value());
}

TEST_F(PostgresDriver, NumbersChangesByTransaction) {
    auto connection = connect();
    ASSERT_TRUE(connection->begin_write().has_value());
    const auto first = MUST(connection->change_number());
    EXPECT_EQ(MUST(connection->change_number()), first);
    ASSERT_TRUE(connection->commit().has_value());
    ASSERT_TRUE(connection->begin_write().has_value());
    const auto second = MUST(connection->change_number());
    EXPECT_GT(second, first);
    {
        auto reader = connect();
        ASSERT_TRUE(reader->begin_read().has_value());
        EXPECT_LE(MUST(reader->change_horizon()), second);
        EXPECT_GT(MUST(reader->change_horizon()), first);
    }
    connection->rollback();
}

}  // namespace
}  // namespace postern::store

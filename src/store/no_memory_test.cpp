// A statement that runs out of memory half way must leave nothing behind: whichever allocation fails, the next
// statement of the connection works, and reads the database as it is now.
#include <functional>

#include "base/failing_new.hpp"
#include "store/columns.hpp"
#include "store/postgres_driver.hpp"
#include "store/sqlite_driver.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

using Connect = std::function<std::unique_ptr<Connection>()>;

constexpr std::string_view long_text = "longer than what a string holds without memory of its own";

void make_table(Connection& connection) {
    MUST(connection.execute_script("CREATE TABLE t (n BIGINT, w TEXT)"));
    for (int row = 0; row < 3; ++row) {
        MUST(connection.execute("INSERT INTO t (n, w) VALUES (0, $1)", values(long_text)));
    }
}
Result<Outcome> read_rows(Connection& connection) {
    return connection.execute("SELECT n, w FROM t WHERE n >= $1", values(std::int64_t{0}));
}
std::int64_t number_in(Outcome outcome) {
    return Columns(outcome.rows.at(0)).integer();
}
Result<Outcome> put_number(Connection& connection, std::int64_t number) {
    return connection.execute("UPDATE t SET n = $1 RETURNING n, w", values(number));
}

// Runs `statement` with the `number`th allocation failing. False if it does not need that many.
bool starve(int number, const std::function<Result<Outcome>()>& statement) {
    failing_new::next = number;
    try {
        static_cast<void>(statement());
    } catch (const std::bad_alloc&) {
    }
    return failing_new::has_failed();
}

void expect_reads_of_the_present(const Connect& connect) {
    const auto writer = connect();
    make_table(*writer);
    int number = 1;
    for (bool starved = true; starved; ++number) {
        const auto reader = connect();
        MUST(reader->begin_read());
        starved = starve(number, [&] { return read_rows(*reader); });
        reader->rollback();
        MUST(put_number(*writer, number));
        MUST(reader->begin_read());
        const auto by_another_statement = reader->execute("SELECT n FROM t WHERE n <> -1", {});
        ASSERT_EQ(number_in(MUST(by_another_statement)), number) << "after the failure of this allocation";
        ASSERT_EQ(number_in(MUST(read_rows(*reader))), number) << "after the failure of this allocation";
        reader->rollback();
    }
    EXPECT_GT(number, 5);
}

void expect_writes_without_a_trace(const Connect& connect) {
    make_table(*connect());
    int number = 1;
    for (bool starved = true; starved; ++number) {
        const auto writer = connect();
        MUST(writer->begin_write());
        starved = starve(number, [&] { return put_number(*writer, -1); });
        writer->rollback();
        ASSERT_EQ(number_in(MUST(read_rows(*connect()))), number - 1) << "after the failure of this allocation";
        MUST(writer->begin_write());
        MUST(put_number(*writer, number));
        MUST(writer->commit());
    }
    EXPECT_GT(number, 5);
}

Connect to_sqlite(const TestFolder& folder) {
    return
        [&folder] { return MUST(SqliteConnection::open(folder.file(), SqliteAccess::read_write, Milliseconds(20))); };
}
Connect to_postgres() {
    return [target = PostgresTarget{.url = TestPostgres::instance().create_database()}] {
        return MUST(PostgresConnection::open(target));
    };
}

class NoMemory : public testing::Test {
protected:
    void SetUp() override {
        if (!failing_new::can_fail) GTEST_SKIP();
    }
};

TEST_F(NoMemory, SqliteReadsThePresentAfterwards) {
    const TestFolder folder;
    expect_reads_of_the_present(to_sqlite(folder));
}

TEST_F(NoMemory, SqliteKeepsNothingOfAWriteThatFailed) {
    const TestFolder folder;
    expect_writes_without_a_trace(to_sqlite(folder));
}

TEST_F(NoMemory, PostgresReadsThePresentAfterwards) {
    expect_reads_of_the_present(to_postgres());
}

TEST_F(NoMemory, PostgresKeepsNothingOfAWriteThatFailed) {
    expect_writes_without_a_trace(to_postgres());
}

}  // namespace
}  // namespace postern::store

#include "store/migrations.hpp"

#include "store/columns.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

class Migrations : public StoreTest {};

INSTANTIATE_TEST_SUITE_P(On, Migrations, testing::Values("sqlite", "postgresql"), engine_name);

TEST_P(Migrations, BringANewDatabaseUpToDateOnce) {
    auto connection = connect();
    MUST(migrate(*connection));
    MUST(migrate(*connection));
    auto outcome = MUST(connection->execute("SELECT version FROM schema_migrations ORDER BY version", {}));
    ASSERT_EQ(outcome.rows.size(), static_cast<std::size_t>(schema_version()));
    EXPECT_EQ(Columns(outcome.rows.back()).integer(), schema_version());
}

TEST_P(Migrations, RunOnceHoweverManyBegin) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([this] {
            auto connection = connect();
            MUST(migrate(*connection));
        });
    }
    for (auto& thread : threads) thread.join();
    auto outcome = MUST(connect()->execute("SELECT version FROM schema_migrations", {}));
    EXPECT_EQ(outcome.rows.size(), static_cast<std::size_t>(schema_version()));
}

TEST_P(Migrations, LeaveTheDatabaseOfAnotherProgramAlone) {
    auto connection = connect();
    MUST(connection->execute_script("CREATE TABLE accounts (name TEXT)"));
    const auto refused = migrate(*connection);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, "foreign_database");
    EXPECT_FALSE(connection->execute("SELECT * FROM settings", {}).has_value()) << "half a schema was left behind";
}

TEST_P(Migrations, LeaveRulesThatTheTablesKeep) {
    auto connection = connect();
    MUST(migrate(*connection));
    const auto refuses = [&](std::string_view sql, std::vector<Value> parameters) {
        MUST(connection->begin_write());
        const auto outcome = connection->execute(sql, parameters);
        connection->rollback();
        return !outcome.has_value();
    };
    EXPECT_TRUE(refuses("INSERT INTO settings (name, value) VALUES ($1, $2)", {Null{}, Blob{1}})) << "NULL in a key";
    EXPECT_TRUE(refuses("INSERT INTO settings (name, value) VALUES ($1, $2) ", {std::string("a"), Null{}}));
    EXPECT_TRUE(refuses("INSERT INTO change_counter (id, value) VALUES ($1, $2)", {std::int64_t{2}, std::int64_t{0}}));
    EXPECT_TRUE(
        refuses("INSERT INTO token_lists (id, kid, opened_at, expires_at, slots, change) "
                "VALUES ($1, 'k', 0, 0, 0, 0)",
                {Blob(16)}))
        << "a list without slots";
}

}  // namespace
}  // namespace postern::store

#include "store/sqlite_driver.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/limits.hpp"
#include "store/columns.hpp"
#include "store/test_store.hpp"

namespace postern::store {
namespace {

constexpr auto short_wait = Milliseconds(20);

class SqliteDriver : public testing::Test {
protected:
    std::unique_ptr<SqliteConnection> connect(SqliteAccess access = SqliteAccess::read_write) {
        return MUST(SqliteConnection::open(folder_.file(), access, short_wait));
    }
    Error refusal() { return SqliteConnection::open(folder_.file(), SqliteAccess::read_write, short_wait).error(); }
    void make_table(Connection& connection) {
        MUST(connection.execute_script("CREATE TABLE t (id BLOB NOT NULL PRIMARY KEY, n INTEGER, w TEXT) STRICT"));
    }

    TestFolder folder_;
};

TEST_F(SqliteDriver, BindsByNameWhateverTheOrder) {
    auto connection = connect();
    auto outcome = MUST(connection->execute("SELECT $2, $1, $2, $3", values(1L, "two", Blob{3})));
    ASSERT_EQ(outcome.rows.size(), 1U);
    Columns columns(outcome.rows[0]);
    EXPECT_EQ(columns.text(), "two");
    EXPECT_EQ(columns.integer(), 1);
    EXPECT_EQ(columns.text(), "two");
    EXPECT_EQ(columns.bytes(), Blob{3});
}

TEST_F(SqliteDriver, TellsAMissingOrASurplusParameter) {
    auto connection = connect();
    EXPECT_EQ(connection->execute("SELECT $1", {}).error().kind, ErrorKind::internal);
    EXPECT_EQ(connection->execute("SELECT $1 ", values(1L, 2L)).error().kind, ErrorKind::internal);
    EXPECT_EQ(connection->execute("SELECT $1, $3", values(1L, 2L)).error().kind, ErrorKind::internal);
    EXPECT_EQ(connection->execute("SELECT 1; SELECT 2", {}).error().kind, ErrorKind::internal);
}

TEST_F(SqliteDriver, KeepsEmptyTextAndBlobApartFromNull) {
    auto connection = connect();
    make_table(*connection);
    MUST(connection->execute("INSERT INTO t (id, n, w) VALUES ($1, $2, $3)",
                             values(Blob{}, std::optional<Timestamp>(), "")));
    auto outcome = MUST(connection->execute("SELECT id, n, w FROM t", {}));
    EXPECT_TRUE(std::holds_alternative<Blob>(outcome.rows[0][0]));
    EXPECT_TRUE(std::holds_alternative<Null>(outcome.rows[0][1]));
    EXPECT_TRUE(std::holds_alternative<std::string>(outcome.rows[0][2]));
}

TEST_F(SqliteDriver, CatchesTextBoundToABlobColumn) {
    auto connection = connect();
    make_table(*connection);
    const auto error = connection->execute("INSERT INTO t (id) VALUES ($1)", values("0123456789abcdef")).error();
    EXPECT_EQ(error.kind, ErrorKind::internal);
    EXPECT_EQ(error.message.find("0123456789abcdef"), std::string::npos) << error.message;
}

TEST_F(SqliteDriver, SaysWhatIsThereAlready) {
    auto connection = connect();
    make_table(*connection);
    MUST(connection->execute("INSERT INTO t (id) VALUES ($1)", values(Blob{1})));
    const auto error = connection->execute("INSERT INTO t (id) VALUES ($1)", values(Blob{1})).error();
    EXPECT_EQ(error.kind, ErrorKind::conflict);
    EXPECT_EQ(error.code, "unique_violation");
}

TEST_F(SqliteDriver, RefusesATextThatIsNoLiteral) {
    auto connection = connect();
    std::string text = "SELECT 1";
    MUST(connection->execute(text, {}));
    text[7] = '2';
    EXPECT_EQ(connection->execute(text, {}).error().kind, ErrorKind::internal);
}

TEST_F(SqliteDriver, MakesAFileForItsOwnerOnly) {
    auto connection = connect();
    make_table(*connection);
    for (const auto& name : {folder_.file(), folder_.file() + "-wal"}) {
        struct stat status {};
        ASSERT_EQ(stat(name.c_str(), &status), 0) << name;
        EXPECT_EQ(status.st_mode & 0777U, 0600U) << name;
    }
}

TEST_F(SqliteDriver, IsDurableAtEveryCommit) {
    auto connection = connect();
    auto synchronous = MUST(connection->execute("PRAGMA synchronous", {}));
    EXPECT_EQ(Columns(synchronous.rows[0]).integer(), 2);
    auto journal = MUST(connection->execute("PRAGMA journal_mode", {}));
    EXPECT_EQ(Columns(journal.rows[0]).text(), "wal");
}

TEST_F(SqliteDriver, NamesAMissingDirectory) {
    const auto error = SqliteConnection::open("/nowhere/at/all/p.db", SqliteAccess::read_write, short_wait).error();
    EXPECT_EQ(error.kind, ErrorKind::invalid_input);
    EXPECT_EQ(error.code, "directory_missing");
    EXPECT_NE(error.message.find("/nowhere/at/all"), std::string::npos) << error.message;
}

TEST_F(SqliteDriver, RefusesAFileOfAnotherUser) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can make one";
    connect().reset();
    ASSERT_EQ(chown(folder_.file().c_str(), 12345, 12345), 0);
    EXPECT_EQ(refusal().code, "wrong_user");
}

TEST_F(SqliteDriver, RefusesAFileThatIsNoDatabase) {
    std::ofstream(folder_.file()) << std::string(4096, 'x');
    const auto error = refusal();
    EXPECT_EQ(error.code, "not_a_database");
    EXPECT_NE(error.message.find(folder_.file()), std::string::npos) << error.message;
}

TEST_F(SqliteDriver, SaysThatItIsLocked) {
    auto first = connect();
    auto second = connect();
    make_table(*first);
    MUST(first->begin_write());
    const auto error = second->begin_write().error();
    EXPECT_EQ(error.kind, ErrorKind::unavailable);
    EXPECT_NE(error.message.find("is locked by another process"), std::string::npos) << error.message;
    MUST(first->commit());
    MUST(second->begin_write());
}

TEST_F(SqliteDriver, AReaderCannotWrite) {
    auto writer = connect();
    make_table(*writer);
    auto reader = connect(SqliteAccess::read_only);
    EXPECT_FALSE(reader->execute("DELETE FROM t", {}).has_value());
}

TEST_F(SqliteDriver, MovesTheChangeNumberOnceForEachTransaction) {
    auto connection = connect();
    MUST(
        connection->execute_script("CREATE TABLE change_counter (id INTEGER PRIMARY KEY, value INTEGER) STRICT;"
                                   "INSERT INTO change_counter VALUES (1, 0)"));
    MUST(connection->begin_write());
    EXPECT_EQ(MUST(connection->change_number()), 1);
    EXPECT_EQ(MUST(connection->change_number()), 1);
    MUST(connection->set_savepoint());
    MUST(connection->rollback_to_savepoint());
    EXPECT_GE(MUST(connection->change_number()), 1);
    MUST(connection->commit());
    const auto horizon = MUST(connection->change_horizon());
    MUST(connection->begin_write());
    EXPECT_GE(MUST(connection->change_number()), horizon);
    connection->rollback();
}

TEST_F(SqliteDriver, DoesNotReuseANumberThatWasRolledBackAndCommittedOver) {
    auto connection = connect();
    MUST(
        connection->execute_script("CREATE TABLE change_counter (id INTEGER PRIMARY KEY, value INTEGER) STRICT;"
                                   "INSERT INTO change_counter VALUES (1, 0)"));
    MUST(connection->begin_write());
    MUST(connection->set_savepoint());
    MUST(connection->change_number());
    MUST(connection->rollback_to_savepoint());
    const auto number = MUST(connection->change_number());
    MUST(connection->commit());
    EXPECT_EQ(MUST(connection->change_horizon()), number + 1) << "the counter must have kept the number that was used";
}

TEST_F(SqliteDriver, SeesThatAnotherConnectionCommitted) {
    auto watcher = connect(SqliteAccess::read_only);
    auto writer = connect();
    const auto before = MUST(watcher->data_version());
    EXPECT_EQ(MUST(watcher->data_version()), before);
    make_table(*writer);
    EXPECT_NE(MUST(watcher->data_version()), before);
}

TEST_F(SqliteDriver, CopiesALongLogIntoTheDatabase) {
    auto connection = connect();
    make_table(*connection);
    MUST(
        connection->execute_script("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 2000) "
                                   "INSERT INTO t (id) SELECT randomblob(3000) FROM c"));
    const auto before = std::filesystem::file_size(folder_.file());
    connection->checkpoint_when_due();
    EXPECT_GT(std::filesystem::file_size(folder_.file()), before + 2000 * 3000);
}

TEST_F(SqliteDriver, InterruptsWhatTakesTooLong) {
    auto connection = connect();
    connection->interrupt_after(short_wait);
    const auto error =
        connection
            ->execute("WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT COUNT(*) FROM c", {})
            .error();
    EXPECT_EQ(error.code, "interrupted");
}

// A file system in front of the real one, where the fsync of the write-ahead log can be made to fail.
bool fsync_fails = false;

struct FailingFile {
    static int sync(sqlite3_file* file, int flags) {
        if (fsync_fails) return SQLITE_IOERR_FSYNC;
        return real->xSync(file, flags);
    }
    static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
        const int code = real_system->xOpen(real_system, name, file, flags, out);
        if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
        real = file->pMethods;
        methods = *real;
        methods.xSync = sync;
        file->pMethods = &methods;
        return code;
    }
    static void install() {
        real_system = sqlite3_vfs_find(nullptr);
        static sqlite3_vfs system = *real_system;
        system.zName = "failing";
        system.xOpen = open;
        sqlite3_vfs_register(&system, 1);
    }
    static inline const sqlite3_io_methods* real = nullptr;
    static inline sqlite3_io_methods methods;
    static inline sqlite3_vfs* real_system = nullptr;
};

TEST_F(SqliteDriver, EndsTheProcessWhenFsyncFails) {
    // The child is a fork, and leaves the folder to this process.
    testing::FLAGS_gtest_death_test_style = "fast";
    EXPECT_EXIT(
        {
            FailingFile::install();
            auto connection = connect();
            make_table(*connection);
            fsync_fails = true;
            MUST(connection->begin_write());
            MUST(connection->execute("INSERT INTO t (id) VALUES ($1)", values(Blob{1})));
            static_cast<void>(connection->commit());
            std::exit(0);  // what must not be reached
        },
        testing::ExitedWithCode(fsync_failed_exit_status), "store_fsync_failed");
}

}  // namespace
}  // namespace postern::store

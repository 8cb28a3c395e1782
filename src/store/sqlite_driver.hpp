// The driver port over SQLite 3.40: WAL, synchronous=FULL, STRICT tables.
//
// An fsync that failed ends the process: the kernel may have dropped the pages that it could not write, so that nothing
// that follows is known to be durable; what was acknowledged is in the log on disk and is read at the next start.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "store/driver.hpp"

namespace postern::store {

enum class SqliteAccess { read_write, read_only };

// The exit status after a failed fsync; EX_SOFTWARE of sysexits.h.
inline constexpr int fsync_failed_exit_status = 70;

class SqliteConnection final : public Connection {
public:
    // Opens `file`, or makes it with mode 0600 in a directory that exists. Another process may hold the write lock for
    // `busy_time`. Errors: invalid_input "directory_missing" or "wrong_user"; unavailable (locked, not openable);
    // internal "not_a_database" or "database_damaged".
    static Result<std::unique_ptr<SqliteConnection>> open(const std::string& file, SqliteAccess access,
                                                          Milliseconds busy_time);
    ~SqliteConnection() override;
    SqliteConnection(const SqliteConnection&) = delete;
    SqliteConnection& operator=(const SqliteConnection&) = delete;

    Result<Outcome> execute(std::string_view sql, std::span<const Value> parameters) override;
    Result<void> execute_script(const std::string& sql) override;
    Result<void> begin_write() override;
    Result<void> begin_read() override;
    Result<void> commit() override;
    void rollback() noexcept override;
    Result<void> with_migration_lock(const std::function<Result<void>()>& body) override;
    Result<std::int64_t> change_number() override;
    Result<std::int64_t> change_horizon() override;
    [[nodiscard]] const TypeWords& type_words() const override;
    [[nodiscard]] std::string_view engine() const override { return "sqlite"; }

    // Keeps that much of the database in memory instead of SQLite's two megabytes.
    Result<void> use_cache(std::int64_t bytes);

    // One savepoint within a write transaction.
    Result<void> set_savepoint();
    Result<void> release_savepoint();
    Result<void> rollback_to_savepoint();
    // False once SQLite has rolled a transaction back by itself (disk full, out of memory).
    [[nodiscard]] bool in_transaction() const;

    // Changes whenever another connection, of any process, has committed.
    Result<std::int64_t> data_version();
    // Copies the write-ahead log into the database when it has grown past limits::sqlite_checkpoint_pages.
    void checkpoint_when_due();
    // For what only SQLite has; it stays this connection's.
    [[nodiscard]] sqlite3* handle() const { return database_; }
    // Statements that still run after `time` end with unavailable "interrupted".
    void interrupt_after(Milliseconds time);

private:
    struct Statement;
    class Run;

    SqliteConnection(sqlite3* database, std::string file);
    Result<void> configure(SqliteAccess access, Milliseconds busy_time);
    Result<void> use_write_ahead_log(Milliseconds busy_time);
    Result<Statement*> prepare(std::string_view sql);
    Result<Outcome> run(Statement& statement, std::span<const Value> parameters);
    Result<void> bind(Statement& statement, std::span<const Value> parameters);
    Result<Row> read_row(sqlite3_stmt* statement) const;
    [[nodiscard]] Error last_error() const;

    sqlite3* const database_;
    const std::string file_;
    std::unordered_map<const char*, std::unique_ptr<Statement>> statements_;  // by the address of their text
    std::optional<std::int64_t> change_number_;                               // of the transaction that is open
    int log_pages_ = 0;
    std::chrono::steady_clock::time_point interrupt_at_;
};

}  // namespace postern::store

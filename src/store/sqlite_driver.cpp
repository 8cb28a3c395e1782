#include "store/sqlite_driver.hpp"

#include <thread>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "store/sqlite_errors.hpp"
#include "store/sqlite_file.hpp"

namespace postern::store {
namespace {

// Instructions of SQLite's machine between two looks at the clock; well under a millisecond.
constexpr int instructions_between_interrupts = 10'000;
constexpr auto log_mode_retry_interval = std::chrono::milliseconds(10);

bool is_blank(const char* text) {
    return text == nullptr || std::string_view(text).find_first_not_of(" \n;") == std::string_view::npos;
}

// SQLite would count its allocations under a mutex of the whole process; nobody asks for the count. Takes effect before
// the first connection only.
void forgo_memory_statistics() {
    [[maybe_unused]] static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

}  // namespace

struct SqliteConnection::Statement {
    sqlite3_stmt* handle = nullptr;
    std::vector<int> positions;  // SQLite's number of $1, $2, …: it numbers them as they appear in the text

    Statement() = default;
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(handle); }
};

// Ends the run of a statement, also when reading its rows throws for want of memory: one that stayed in mid-run would
// hold its connection to the state that the database had then, and every read after it would be of the past.
class SqliteConnection::Run {
public:
    explicit Run(const Statement& statement) : statement_(statement) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
        // An error was taken already; what reset() says is the same once more.
        sqlite3_reset(statement_.handle);
        sqlite3_clear_bindings(statement_.handle);
    }

private:
    const Statement& statement_;
};

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& file, SqliteAccess access,
                                                                 Milliseconds busy_time) {
    TRY(prepare_sqlite_file(file));
    forgo_memory_statistics();
    sqlite3* database = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &database,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    auto connection = std::unique_ptr<SqliteConnection>(new SqliteConnection(database, file));
    if (code != SQLITE_OK) return sqlite_error(code, sqlite3_errstr(code), file);
    TRY(connection->configure(access, busy_time));
    return connection;
}

SqliteConnection::SqliteConnection(sqlite3* database, std::string file) : database_(database), file_(std::move(file)) {}

SqliteConnection::~SqliteConnection() {
    rollback();
    statements_.clear();
    sqlite3_close(database_);
}

Result<void> SqliteConnection::configure(SqliteAccess access, Milliseconds busy_time) {
    sqlite3_busy_timeout(database_, static_cast<int>(busy_time.count()));
    TRY(use_write_ahead_log(busy_time));
    TRY(
        execute_script("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                       "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = " +
                       std::to_string(limits::sqlite_log_bytes)));
    if (access == SqliteAccess::read_only) TRY(execute_script("PRAGMA query_only = ON"));
    // Takes the place of SQLite's own checkpoints, which would keep an error to themselves.
    const auto note_log_size = [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteConnection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(database_, note_log_size, this);
    return {};
}

Result<void> SqliteConnection::use_cache(std::int64_t bytes) {
    return execute_script("PRAGMA cache_size = -" + std::to_string(bytes / 1024));
}

Result<void> SqliteConnection::use_write_ahead_log(Milliseconds busy_time) {
    // The change of mode does not wait for its locks: two processes may be making the file at once.
    const auto deadline = std::chrono::steady_clock::now() + busy_time;
    for (;;) {
        auto mode = execute("PRAGMA journal_mode = WAL", {});
        if (mode.has_value()) {
            if (std::get<std::string>(mode->rows.at(0).at(0)) == "wal") return {};
            return unavailable("The database " + file_ +
                               " cannot keep a write-ahead log; put it on a local disk, not on a network share.");
        }
        if (mode.error().kind != ErrorKind::unavailable || std::chrono::steady_clock::now() >= deadline) {
            return std::move(mode.error());
        }
        std::this_thread::sleep_for(log_mode_retry_interval);
    }
}

Error SqliteConnection::last_error() const {
    return sqlite_error(sqlite3_extended_errcode(database_), sqlite3_errmsg(database_), file_);
}

Result<SqliteConnection::Statement*> SqliteConnection::prepare(std::string_view sql) {
    auto& kept = statements_[sql.data()];
    if (kept) {
        if (sql == sqlite3_sql(kept->handle)) return kept.get();
        return internal_error("A statement's text is not a string literal: " + std::string(sql));
    }
    auto statement = std::make_unique<Statement>();
    const char* rest = nullptr;
    if (sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                           &statement->handle, &rest) != SQLITE_OK) {
        return last_error();
    }
    if (rest < sql.data() + sql.size() && !is_blank(rest))
        return internal_error("More than one statement in: " + std::string(sql));
    const int count = sqlite3_bind_parameter_count(statement->handle);
    for (int number = 1; number <= count; ++number) {
        const auto name = "$" + std::to_string(number);
        const int position = sqlite3_bind_parameter_index(statement->handle, name.c_str());
        if (position == 0) return internal_error("No parameter " + name + " in: " + std::string(sql));
        statement->positions.push_back(position);
    }
    kept = std::move(statement);
    return kept.get();
}

Result<void> SqliteConnection::bind(Statement& statement, std::span<const Value> parameters) {
    if (parameters.size() != statement.positions.size()) {
        return internal_error(std::to_string(parameters.size()) + " parameters for: " + sqlite3_sql(statement.handle));
    }
    // The values outlive the run, so SQLite need not copy them.
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        const int position = statement.positions[i];
        const Value& value = parameters[i];
        int code = SQLITE_OK;
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            code = sqlite3_bind_int64(statement.handle, position, *number);
        } else if (const auto* text = std::get_if<std::string>(&value)) {
            code =
                sqlite3_bind_text64(statement.handle, position, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
        } else if (const auto* blob = std::get_if<Blob>(&value)) {
            // An empty vector has no address, and a blob without one would be NULL.
            code = blob->empty()
                       ? sqlite3_bind_zeroblob(statement.handle, position, 0)
                       : sqlite3_bind_blob64(statement.handle, position, blob->data(), blob->size(), SQLITE_STATIC);
        } else {
            code = sqlite3_bind_null(statement.handle, position);
        }
        if (code != SQLITE_OK) return last_error();
    }
    return {};
}

Result<Row> SqliteConnection::read_row(sqlite3_stmt* statement) const {
    const int count = sqlite3_column_count(statement);
    Row row;
    row.reserve(static_cast<std::size_t>(count));
    for (int column = 0; column < count; ++column) {
        switch (sqlite3_column_type(statement, column)) {
            case SQLITE_NULL: row.emplace_back(Null{}); break;
            case SQLITE_INTEGER: row.emplace_back(std::int64_t{sqlite3_column_int64(statement, column)}); break;
            case SQLITE_TEXT: {
                const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
                if (text == nullptr) return last_error();
                row.emplace_back(std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))));
                break;
            }
            case SQLITE_BLOB: {
                const auto* bytes = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, column));
                row.emplace_back(Blob(bytes, bytes + sqlite3_column_bytes(statement, column)));
                break;
            }
            default: return internal_error("A column holds a type that no table of ours has");
        }
    }
    return row;
}

Result<Outcome> SqliteConnection::run(Statement& statement, std::span<const Value> parameters) {
    TRY(bind(statement, parameters));
    Outcome outcome;
    for (;;) {
        const int code = sqlite3_step(statement.handle);
        if (code == SQLITE_DONE) break;
        if (code != SQLITE_ROW) return last_error();
        outcome.rows.push_back(TRY(read_row(statement.handle)));
    }
    if (sqlite3_stmt_readonly(statement.handle) == 0) outcome.changed = sqlite3_changes64(database_);
    return outcome;
}

Result<Outcome> SqliteConnection::execute(std::string_view sql, std::span<const Value> parameters) {
    auto* const statement = TRY(prepare(sql));
    const Run until_the_end(*statement);
    return run(*statement, parameters);
}

Result<void> SqliteConnection::execute_script(const std::string& sql) {
    if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return last_error();
    return {};
}

Result<void> SqliteConnection::begin_write() {
    change_number_.reset();
    TRY(execute("BEGIN IMMEDIATE", {}));
    return {};
}

Result<void> SqliteConnection::begin_read() {
    TRY(execute("BEGIN", {}));
    return {};
}

Result<void> SqliteConnection::commit() {
    change_number_.reset();
    auto outcome = execute("COMMIT", {});
    if (outcome.has_value()) return {};
    rollback();
    return std::move(outcome.error());
}

void SqliteConnection::rollback() noexcept {
    change_number_.reset();
    if (in_transaction()) sqlite3_exec(database_, "ROLLBACK", nullptr, nullptr, nullptr);
}

bool SqliteConnection::in_transaction() const {
    return sqlite3_get_autocommit(database_) == 0;
}

Result<void> SqliteConnection::with_migration_lock(const std::function<Result<void>()>& body) {
    TRY(begin_write());
    auto outcome = body();
    if (outcome.has_value()) return commit();
    rollback();
    return outcome;
}

Result<void> SqliteConnection::set_savepoint() {
    TRY(execute("SAVEPOINT work", {}));
    return {};
}

Result<void> SqliteConnection::release_savepoint() {
    TRY(execute("RELEASE work", {}));
    return {};
}

Result<void> SqliteConnection::rollback_to_savepoint() {
    // The counter may have been moved on since the savepoint; that is undone too.
    change_number_.reset();
    TRY(execute("ROLLBACK TO work", {}));
    return release_savepoint();
}

Result<std::int64_t> SqliteConnection::change_number() {
    if (!change_number_) {
        auto outcome = TRY(execute("UPDATE change_counter SET value = value + 1 WHERE id = 1 RETURNING value", {}));
        change_number_ = std::get<std::int64_t>(outcome.rows.at(0).at(0));
    }
    return *change_number_;
}

Result<std::int64_t> SqliteConnection::change_horizon() {
    auto outcome = TRY(execute("SELECT value + 1 FROM change_counter WHERE id = 1", {}));
    return std::get<std::int64_t>(outcome.rows.at(0).at(0));
}

Result<std::int64_t> SqliteConnection::data_version() {
    auto outcome = TRY(execute("PRAGMA data_version", {}));
    return std::get<std::int64_t>(outcome.rows.at(0).at(0));
}

void SqliteConnection::checkpoint_when_due() {
    if (log_pages_ < limits::sqlite_checkpoint_pages) return;
    log_pages_ = 0;
    const int code = sqlite3_wal_checkpoint_v2(database_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK || code == SQLITE_BUSY) return;
    log::warning("store_checkpoint_failed", {{"message", last_error().message}});
}

void SqliteConnection::interrupt_after(Milliseconds time) {
    interrupt_at_ = std::chrono::steady_clock::now() + time;
    const auto is_over = [](void* self) {
        return std::chrono::steady_clock::now() > static_cast<SqliteConnection*>(self)->interrupt_at_ ? 1 : 0;
    };
    sqlite3_progress_handler(database_, instructions_between_interrupts, is_over, this);
}

const TypeWords& SqliteConnection::type_words() const {
    // The keys are no integers, so a rowid beside them would only cost a second tree.
    static constexpr TypeWords words{"INTEGER", "TEXT", "BLOB", " STRICT, WITHOUT ROWID"};
    return words;
}

}  // namespace postern::store

#include "store/sqlite_backup.hpp"

#include <sqlite3.h>

#include <filesystem>
#include <thread>

#include "base/durable_file.hpp"
#include "base/limits.hpp"
#include "store/columns.hpp"
#include "store/copy_facts.hpp"
#include "store/sqlite_driver.hpp"
#include "store/sqlite_errors.hpp"
#include "store/sqlite_file.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

namespace fs = std::filesystem;

struct Closer {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
};
using Database = std::unique_ptr<sqlite3, Closer>;

// A plain file: no write-ahead log beside it, no settings of a server's.
Result<Database> open_copy(const std::string& file) {
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    Database database(opened);
    if (code != SQLITE_OK) return sqlite_error(code, sqlite3_errstr(code), file);
    return database;
}

Result<void> copy_pages(sqlite3* from, const std::string& source, sqlite3* to, const std::string& file) {
    sqlite3_backup* const backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == nullptr) return sqlite_error(sqlite3_extended_errcode(to), sqlite3_errmsg(to), file);
    int code = SQLITE_OK;
    while ((code = sqlite3_backup_step(backup, limits::backup_pages)) == SQLITE_OK) {
        std::this_thread::sleep_for(limits::backup_pause);
    }
    sqlite3_backup_finish(backup);
    if (code == SQLITE_DONE) return {};
    const bool is_damage = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
    return sqlite_error(code, sqlite3_errstr(code), is_damage ? source : file);
}

Result<std::string> ask(sqlite3* database, const std::string& file, const char* sql) {
    std::string answer;
    const auto take = [](void* out, int count, char** values, char**) {
        if (count > 0 && values[0] != nullptr) *static_cast<std::string*>(out) = values[0];
        return 0;
    };
    const int code = sqlite3_exec(database, sql, take, &answer, nullptr);
    if (code != SQLITE_OK) return sqlite_error(code, sqlite3_errmsg(database), file);
    return answer;
}

Result<void> check_pages(sqlite3* copy, const std::string& file, const std::string& source) {
    const std::string found = TRY(ask(copy, file, "PRAGMA quick_check(1)"));
    if (found == "ok") return {};
    return Error{ErrorKind::internal, "database_damaged",
                 "The database " + source + " is damaged (" + found +
                     "); no backup was made of it: restore one that was made before"};
}

std::string log_of(const std::string& database) {
    return database + "-wal";
}

// What the log holds goes into the database, so that the database is one file. False: it cannot be read, being damaged.
Result<bool> fold_log(const std::string& database) {
    {
        auto opened = SqliteConnection::open(database, SqliteAccess::read_write, limits::sqlite_busy_time);
        if (!opened.has_value() && opened.error().kind == ErrorKind::internal) return false;
        const auto connection = TRY(std::move(opened));
        const auto folded = connection->execute_script("PRAGMA wal_checkpoint(TRUNCATE)");
        if (!folded.has_value() && folded.error().kind == ErrorKind::internal) return false;
        TRY(folded);
    }
    // The last connection that closes removes it.
    if (!fs::exists(log_of(database))) return true;
    return conflict("database_in_use", "The database " + database + " is in use by another process; `fuser " +
                                           database + "` names it. Nothing was changed.");
}

Result<void> make_fit(const std::string& file, const RestoreTask& task) {
    const auto connection = TRY(SqliteConnection::open(file, SqliteAccess::read_write, limits::sqlite_busy_time));
    TRY(migrate(*connection));
    TRY(check_tables(*connection, task.facts));
    OpenLists no_lists(task.access_token_life);
    Pending pending;
    TRY(connection->begin_write());
    SqlTransaction transaction(*connection, no_lists, pending);
    auto finished = task.finish(transaction);
    if (!finished.has_value()) {
        connection->rollback();
        return finished;
    }
    TRY(connection->commit());
    return connection->execute_script("PRAGMA wal_checkpoint(TRUNCATE)");
}

void remove_with_logs(const std::string& database) {
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(database + suffix, ignored);
}

Error cannot_put(const std::string& database, const std::error_code& failure) {
    return unavailable("The restored database cannot take the place of " + database + ": " + failure.message() +
                       "; nothing was changed");
}

// The former database keeps its name until the new one takes it over, in one step.
Result<std::string> put_in_place(const std::string& made, const std::string& database) {
    const std::string former = database + ".replaced-" + std::to_string(to_milliseconds(SystemClock().now()));
    const bool replaces = fs::exists(database);
    std::error_code failure;
    if (replaces) fs::create_hard_link(database, former, failure);
    if (failure) return cannot_put(database, failure);
    // Of a damaged database, or of one that somebody removed: SQLite would apply it to the new one.
    for (const char* suffix : {"-wal", "-shm", "-journal"}) {
        if (!fs::exists(database + suffix)) continue;
        fs::rename(database + suffix, former + suffix, failure);
        if (failure) return cannot_put(database, failure);
    }
    fs::rename(made, database, failure);
    if (failure) return cannot_put(database, failure);
    TRY(sync_directory_of(database));
    return replaces ? former : std::string();
}

}  // namespace

Result<CopyFacts> copy_sqlite(const std::string& database, const std::string& file) {
    const auto source = TRY(SqliteConnection::open(database, SqliteAccess::read_only, limits::sqlite_busy_time));
    TRY(source->begin_read());
    CopyFacts facts = TRY(read_copy_facts(*source));
    facts.made_by = std::string("SQLite ") + sqlite3_libversion();
    TRY(prepare_sqlite_file(file));
    const auto copy = TRY(open_copy(file));
    TRY(copy_pages(source->handle(), database, copy.get(), file));
    source->rollback();
    TRY(ask(copy.get(), file, "PRAGMA journal_mode = DELETE"));
    TRY(check_pages(copy.get(), file, database));
    return facts;
}

Result<Restored> restore_sqlite(const std::string& database, const RestoreTask& task) {
    if (fs::exists(database)) {
        if (!task.replace) {
            return conflict("database_exists", "There is a database " + database +
                                                   " already; name another place, or put the backup in its stead with "
                                                   "--replace");
        }
        TRY(fold_log(database));
    }
    const std::string made = database + ".restoring";
    remove_with_logs(made);
    auto fit = copy_durably(task.file, made);
    if (fit.has_value()) fit = make_fit(made, task);
    if (fit.has_value()) fit = sync_file(made);
    Result<std::string> former = std::string();
    if (fit.has_value()) {
        former = put_in_place(made, database);
    } else {
        former = std::move(fit.error());
    }
    if (!former.has_value()) remove_with_logs(made);
    return Restored{TRY(std::move(former))};
}

}  // namespace postern::store

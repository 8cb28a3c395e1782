#include "store/sqlite_errors.hpp"

#include <sqlite3.h>

#include <cstdlib>

#include "base/log.hpp"
#include "store/sqlite_driver.hpp"

namespace postern::store {
namespace {

constexpr int primary_code_mask = 0xff;

bool is_failed_fsync(int code) {
    return code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
}

// The file that processes share beside the log cannot grow: SQLite does not say that as SQLITE_FULL.
bool is_full(int code) {
    return (code & primary_code_mask) == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE;
}

[[noreturn]] void end_process(const std::string& message, const std::string& file) {
    log::error("store_fsync_failed",
               {{"file", file},
                {"message", message},
                {"advice", "check the disk; what was acknowledged is on it and is read at the next start"}});
    std::_Exit(fsync_failed_exit_status);
}

}  // namespace

Error sqlite_error(int code, const std::string& message, const std::string& file) {
    if (is_failed_fsync(code)) end_process(message, file);
    if (is_full(code)) return unavailable("The disk that holds " + file + " is full; free some space.");
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
        return conflict("unique_violation", "It is there already (" + message + ")");
    }
    switch (code & primary_code_mask) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return unavailable("The database " + file + " is locked by another process; `fuser " + file +
                               "` names it. Try again once it has finished.");
        case SQLITE_NOTADB:
            return {
                ErrorKind::internal, "not_a_database",
                "The file " + file + " is not a database of postern; name another one in `store`, or move it away."};
        case SQLITE_CORRUPT:
            return {ErrorKind::internal, "database_damaged",
                    "The database " + file + " is damaged (" + message + "); restore a backup."};
        case SQLITE_IOERR:
            return unavailable("Reading or writing " + file + " failed (" + message + "); check the disk.");
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
            return unavailable("The database " + file + " cannot be opened for writing (" + message +
                               "); check the permissions of the file and of its directory.");
        case SQLITE_NOMEM: return unavailable("SQLite has no memory left");
        case SQLITE_INTERRUPT:
            return {ErrorKind::unavailable, "interrupted", "A statement was stopped because it took too long."};
        default: return internal_error("SQLite says: " + message + " (code " + std::to_string(code) + ")");
    }
}

}  // namespace postern::store

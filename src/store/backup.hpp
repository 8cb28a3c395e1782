// Copies of a whole database in a file, taken while servers work on it, and databases made of such copies.
//
// What a copy holds is one moment: on SQLite by the online backup API within one read transaction, on PostgreSQL by
// pg_dump in the snapshot that the facts are read in. A copy is as secret as the database: mode 0600.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/diagnosis.hpp"
#include "core/store.hpp"
#include "store/migrations.hpp"

namespace postern::store {

// What is known of a copy beside its bytes; enough to say why it does not fit, before anything is touched.
struct CopyFacts {
    std::string engine;              // as engine_of() names it
    std::string made_by;             // the engine's version, and that of its tool
    std::vector<SchemaStep> schema;  // every step that was done
    std::vector<core::TableSize> tables;
    std::string master_key_check;  // empty: there are no keys in it
};

// Writes a new file. Errors: unavailable (disk full, connection lost, the tool failed, with its words); not_found
// "tool_missing"; conflict "tool_too_old"; internal "database_damaged".
Result<CopyFacts> copy_database(const std::string& url, const std::string& file);

struct RestoreTask {
    std::string url;   // where to
    std::string file;  // from what
    CopyFacts facts;
    bool replace = false;  // a database that is there already
    Milliseconds access_token_life{};
    // Runs in the transaction that makes the database fit to be served; when it fails, nothing was restored.
    std::function<Result<void>(core::Transaction&)> finish;
};

struct Restored {
    std::string former;  // SQLite: where the database is now that was replaced; empty: none was
};

// No server may work on the database meanwhile. Errors: conflict "database_exists", "database_in_use",
// "newer_database"; conflict "backup_incomplete" when the copy is not what its facts say; those of copy_database().
Result<Restored> restore_database(const RestoreTask& task);

}  // namespace postern::store

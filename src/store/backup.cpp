#include "store/backup.hpp"

#include <algorithm>

#include "core/keys.hpp"
#include "store/columns.hpp"
#include "store/copy_facts.hpp"
#include "store/postgres_backup.hpp"
#include "store/sqlite_backup.hpp"
#include "store/store.hpp"
#include "store/sweep.hpp"

namespace postern::store {

Result<CopyFacts> copy_database(const std::string& url, const std::string& file) {
    return engine_of(url) == "sqlite" ? copy_sqlite(sqlite_file_of(url), file) : copy_postgres(url, file);
}

Result<Restored> restore_database(const RestoreTask& task) {
    if (engine_of(task.url) == "sqlite") return restore_sqlite(sqlite_file_of(task.url), task);
    TRY(restore_postgres(task));
    return Restored{};
}

Result<CopyFacts> read_copy_facts(Connection& connection) {
    CopyFacts facts;
    facts.engine = connection.engine();
    facts.schema = TRY(list_schema_steps(connection));
    facts.tables = TRY(count_rows(connection));
    auto check =
        TRY(connection.execute("SELECT value FROM settings WHERE name = $1", values(core::master_key_check_setting)));
    if (check.rows.empty()) return facts;
    const Blob value = Columns(check.rows.front()).bytes();
    facts.master_key_check.assign(value.begin(), value.end());
    return facts;
}

Result<void> check_tables(Connection& connection, const CopyFacts& facts) {
    const auto found = TRY(count_rows(connection));
    for (const core::TableSize& wanted : facts.tables) {
        const auto same = [&wanted](const core::TableSize& size) { return size.table == wanted.table; };
        const auto table = std::ranges::find_if(found, same);
        if (table != found.end() && table->rows == wanted.rows) continue;
        return conflict("backup_incomplete", "The table " + wanted.table + " of the backup should have " +
                                                 std::to_string(wanted.rows) + " rows and has " +
                                                 std::to_string(table == found.end() ? 0 : table->rows) +
                                                 "; take another backup");
    }
    return {};
}

}  // namespace postern::store

#include "store/sqlite_diagnosis.hpp"

#include "base/limits.hpp"
#include "store/columns.hpp"
#include "store/migrations.hpp"
#include "store/sqlite_driver.hpp"
#include "store/sqlite_file.hpp"

namespace postern::store {
namespace {

using core::Finding;
using core::Severity;

constexpr std::int64_t synchronous_full = 2;

Finding failed(const std::string& what, const Error& error) {
    return {Severity::problem, "store", what + ": " + error.message, "See the message"};
}

Finding check_schema(Connection& connection) {
    auto found = connection.execute("SELECT MAX(version) FROM schema_migrations", {});
    if (!found.has_value()) return failed("The schema's version cannot be read", found.error());
    const auto version = Columns(found->rows.at(0)).integer();
    return {Severity::ok, "store",
            "SQLite " + std::string(sqlite3_libversion()) + ", schema " + std::to_string(version) +
                " (this binary knows " + std::to_string(schema_version()) + ")",
            ""};
}

Finding check_durability(Connection& connection) {
    auto mode = connection.execute("PRAGMA journal_mode", {});
    if (!mode.has_value()) return failed("The journal mode cannot be read", mode.error());
    auto synchronous = connection.execute("PRAGMA synchronous", {});
    if (!synchronous.has_value()) return failed("PRAGMA synchronous cannot be read", synchronous.error());
    const auto journal = Columns(mode->rows.at(0)).text();
    const auto level = Columns(synchronous->rows.at(0)).integer();
    const bool durable = journal == "wal" && level == synchronous_full;
    return {durable ? Severity::ok : Severity::problem, "store",
            "journal_mode is " + journal + ", synchronous is " + std::to_string(level),
            durable ? "" : "Both are set at every start (wal, 2); move the file to a local disk"};
}

Finding check_integrity(SqliteConnection& connection, const std::string& file) {
    connection.interrupt_after(limits::sqlite_check_time);
    auto checked = connection.execute("PRAGMA quick_check(1)", {});
    if (!checked.has_value() && checked.error().code == "interrupted") {
        return {Severity::ok, "store",
                "No damage found in the first " + std::to_string(limits::sqlite_check_time.count()) +
                    " seconds of a check of " + file,
                ""};
    }
    if (!checked.has_value()) return failed("The database cannot be checked", checked.error());
    const auto said = Columns(checked->rows.at(0)).text();
    if (said == "ok") return {Severity::ok, "store", "No damage found in " + file, ""};
    return {Severity::problem, "store", "The database " + file + " is damaged: " + said, "Restore a backup"};
}

}  // namespace

std::vector<Finding> diagnose_sqlite(const std::string& file) {
    auto findings = diagnose_sqlite_file(file);
    auto connection = SqliteConnection::open(file, SqliteAccess::read_only, limits::sqlite_busy_time);
    if (!connection.has_value()) {
        findings.push_back(failed("The database cannot be opened", connection.error()));
        return findings;
    }
    findings.push_back(check_schema(**connection));
    findings.push_back(check_durability(**connection));
    findings.push_back(check_integrity(**connection, file));
    return findings;
}

}  // namespace postern::store

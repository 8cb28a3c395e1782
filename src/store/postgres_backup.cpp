#include "store/postgres_backup.hpp"

#include <libpq-fe.h>

#include <array>
#include <charconv>

#include "base/durable_file.hpp"
#include "base/limits.hpp"
#include "store/child_process.hpp"
#include "store/columns.hpp"
#include "store/copy_facts.hpp"
#include "store/postgres_driver.hpp"
#include "store/postgres_errors.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

using Environment = std::map<std::string, std::string>;
using Words = std::vector<std::string>;

struct OptionsCloser {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

struct Destination {
    std::string database;     // empty: the user's own
    Environment environment;  // everything else that the URL says, the password too
};

Destination read_url(const std::string& url) {
    Destination destination;
    const std::unique_ptr<PQconninfoOption, OptionsCloser> options(PQconninfoParse(url.c_str(), nullptr));
    for (const auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
        if (option->val == nullptr || option->envvar == nullptr) continue;
        destination.environment[option->envvar] = option->val;
        if (std::string_view(option->keyword) == "dbname") destination.database = option->val;
    }
    destination.environment["PGTARGETSESSIONATTRS"] = "read-write";
    destination.environment["PGCLIENTENCODING"] = "UTF8";
    destination.environment["LC_ALL"] = "C";  // their words are quoted in ours
    return destination;
}

// "dbname='postern'": as a bare word, a name with an equals sign would be read as more than a name.
std::string in_connection_string(const std::string& database) {
    std::string quoted = "dbname='";
    for (const char letter : database) {
        if (letter == '\'' || letter == '\\') quoted += '\\';
        quoted += letter;
    }
    return quoted + "'";
}

// The line that says what is wrong. Not more: what follows may quote what is stored.
std::string reason_in(const std::string& output) {
    const auto error = output.find("error: ");
    return first_line(error == std::string::npos ? output : std::string_view(output).substr(error + 7));
}

Result<std::string> run_tool(const std::string& tool, const Words& arguments, const Environment& environment) {
    auto run = run_program(tool, arguments, environment, limits::backup_time);
    if (!run.has_value() && run.error().code == "program_missing") {
        return not_found("tool_missing", "The program " + tool +
                                             " is not in PATH: install PostgreSQL's client programs, on Debian "
                                             "apt-get install postgresql-client");
    }
    const ChildOutcome outcome = TRY(std::move(run));
    if (outcome.status == 0) return outcome.output;
    return unavailable(tool + " failed with the exit status " + std::to_string(outcome.status) + ": " +
                       reason_in(outcome.output));
}

// "pg_dump (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)" is 15; 0 when it says nothing of the kind.
int major_version_in(std::string_view text) {
    const auto digit = text.find_first_of("0123456789");
    if (digit == std::string_view::npos) return 0;
    int version = 0;
    std::from_chars(text.data() + digit, text.data() + text.size(), version);
    return version;
}

// Each reads what its own version and older ones made.
Result<std::string> check_tool(const std::string& tool, int at_least, const std::string& of_what) {
    std::string version = first_line(TRY(run_tool(tool, {"--version"}, {{"LC_ALL", "C"}})));
    if (major_version_in(version) >= at_least) return version;
    return conflict("tool_too_old", version + " is too old for " + of_what + " of version " + std::to_string(at_least) +
                                        ": install postgresql-client-" + std::to_string(at_least) +
                                        ", and put it first in PATH");
}

Result<std::unique_ptr<PostgresConnection>> connect(const std::string& url) {
    PostgresTarget target;
    target.url = url;
    target.statement_time = limits::postgres_migration_time;
    return PostgresConnection::open(target);
}

int major_version_of(const PostgresConnection& connection) {
    return connection.server_version() / 10'000;
}

// Every table of the schema that ours are in: what a later version adds is then not forgotten.
Result<Words> table_arguments(Connection& connection) {
    auto outcome =
        TRY(connection.execute("SELECT '--table=' || quote_ident(n.nspname) || '.' || quote_ident(c.relname) "
                               "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                               "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = "
                               "(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('schema_migrations'))",
                               {}));
    Words arguments;
    for (auto& row : outcome.rows) arguments.push_back(Columns(row).text());
    return arguments;
}

Result<std::string> export_snapshot(PostgresConnection& connection) {
    // While pg_dump works, this transaction only waits for it.
    TRY(connection.execute_script("SET LOCAL idle_in_transaction_session_timeout = 0"));
    auto outcome = TRY(connection.execute("SELECT pg_export_snapshot()", {}));
    return Columns(outcome.rows.at(0)).text();
}

Result<bool> has_our_tables(Connection& connection) {
    auto outcome =
        TRY(connection.execute("SELECT COUNT(*) FROM (SELECT to_regclass('schema_migrations') AS t UNION ALL "
                               "SELECT to_regclass('accounts')) AS found WHERE t IS NOT NULL",
                               {}));
    return Columns(outcome.rows.at(0)).integer() > 0;
}

// Nodes that go on would mix what they remember of the former database with the restored one.
Result<void> check_nobody_works(PostgresConnection& connection) {
    auto outcome =
        TRY(connection.execute("SELECT COUNT(*), COALESCE(MIN(application_name), '') FROM pg_stat_activity "
                               "WHERE datname = current_database() AND backend_type = 'client backend' "
                               "AND pid <> pg_backend_pid()",
                               {}));
    Columns columns(outcome.rows.at(0));
    const auto others = columns.integer();
    if (others == 0) return {};
    return conflict("database_in_use", std::to_string(others) + " other connections work on the database (" +
                                           connection.place() + "), such as \"" + columns.text() +
                                           "\"; stop every server of it first");
}

// What the backup's tables do not replace would be in the way of the next migration.
Result<void> check_not_newer(PostgresConnection& connection, const CopyFacts& facts) {
    const auto there = TRY(list_schema_steps(connection));
    if (there.empty() || there.back().version <= facts.schema.back().version) return {};
    return conflict("newer_database", "The database (" + connection.place() + ") has schema " +
                                          std::to_string(there.back().version) + ", newer than the backup's " +
                                          std::to_string(facts.schema.back().version) +
                                          "; restore into an empty database");
}

// Whether there is a database that gives way.
Result<bool> check_target(const RestoreTask& task) {
    const auto connection = TRY(connect(task.url));
    TRY(check_nobody_works(*connection));
    if (!TRY(has_our_tables(*connection))) return false;
    if (!task.replace) {
        return conflict("database_exists", "There is a database (" + connection->place() +
                                               ") already; name an empty one, or put the backup in its stead with "
                                               "--replace");
    }
    // Its steps are missing after a restore that was not finished.
    if (auto checked = check_not_newer(*connection, task.facts); !checked.has_value()) {
        if (checked.error().kind != ErrorKind::internal) return std::move(checked.error());
    }
    return true;
}

Result<void> fill(const RestoreTask& task, bool replaces) {
    const Destination destination = read_url(task.url);
    Words arguments = {"--single-transaction", "--exit-on-error",  "--no-owner",
                       "--no-privileges",      "--no-tablespaces", "--no-password"};
    if (replaces) arguments.insert(arguments.end(), {"--clean", "--if-exists"});
    arguments.push_back("--dbname=" + in_connection_string(destination.database));
    arguments.push_back(task.file);
    TRY(run_tool("pg_restore", arguments, destination.environment));
    return {};
}

// The numbers of the former server's transactions mean nothing here, where they may lie in the future: a feed would
// read such rows again at every poll.
Result<void> forget_change_numbers(Connection& connection) {
    TRY(connection.execute("UPDATE token_lists SET change = 0", {}));
    TRY(connection.execute("UPDATE token_slots SET revoke_change = 0 WHERE revoke_change IS NOT NULL", {}));
    TRY(connection.execute("UPDATE signing_keys SET change = 0", {}));
    return {};
}

Result<void> make_fit(PostgresConnection& connection, const RestoreTask& task) {
    OpenLists no_lists(task.access_token_life);
    Pending pending;
    SqlTransaction transaction(connection, no_lists, pending);
    TRY(connection.begin_write());
    TRY(resume_migrations(connection, task.facts.schema));
    TRY(check_tables(connection, task.facts));
    TRY(forget_change_numbers(connection));
    TRY(connection.execute("UPDATE change_marks SET change = 0", {}));
    TRY(task.finish(transaction));
    TRY(check_nobody_works(connection));
    return connection.commit();
}

}  // namespace

Result<CopyFacts> copy_postgres(const std::string& url, const std::string& file) {
    const auto connection = TRY(connect(url));
    const std::string tool = TRY(check_tool("pg_dump", major_version_of(*connection), "the server"));
    TRY(connection->begin_read());
    const std::string snapshot = TRY(export_snapshot(*connection));
    CopyFacts facts = TRY(read_copy_facts(*connection));
    facts.made_by = "PostgreSQL " + std::to_string(major_version_of(*connection)) + ", " + tool;
    Words arguments = TRY(table_arguments(*connection));
    arguments.insert(arguments.end(), {"--format=custom", "--no-owner", "--no-privileges", "--no-password",
                                       "--exclude-table-data=schema_migrations", "--snapshot=" + snapshot,
                                       "--lock-wait-timeout=60000", "--file=" + file});
    TRY(write_durably(file, ""));  // pg_dump would let others read it
    TRY(run_tool("pg_dump", arguments, read_url(url).environment));
    connection->rollback();
    return facts;
}

Result<void> restore_postgres(const RestoreTask& task) {
    TRY(check_tool("pg_restore", major_version_in(task.facts.made_by.substr(task.facts.made_by.find(',') + 1)),
                   "a backup"));
    const bool replaces = TRY(check_target(task));
    TRY(fill(task, replaces));
    const auto connection = TRY(connect(task.url));
    auto fit = make_fit(*connection, task);
    if (!fit.has_value()) {
        connection->rollback();
        fit.error().message +=
            " The tables are there, and no server takes them for its own: run the restore again "
            "with --replace.";
        return fit;
    }
    TRY(connection->execute_script("ANALYZE"));
    return {};
}

}  // namespace postern::store

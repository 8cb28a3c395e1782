#include "store/postgres_diagnosis.hpp"

#include "base/limits.hpp"
#include "store/columns.hpp"
#include "store/migrations.hpp"
#include "store/postgres_driver.hpp"

namespace postern::store {
namespace {

using core::Finding;
using core::Severity;
using namespace std::chrono_literals;

constexpr auto clock_difference_allowed = 1s;

Finding ok(std::string message) {
    return {Severity::ok, "store", std::move(message), ""};
}

Result<std::string> find_text(Connection& connection, std::string_view sql) {
    auto outcome = TRY(connection.execute(sql, {}));
    return Columns(outcome.rows.at(0)).text();
}

Result<std::int64_t> find_integer(Connection& connection, std::string_view sql) {
    auto outcome = TRY(connection.execute(sql, {}));
    return Columns(outcome.rows.at(0)).integer();
}

Result<Finding> check_role(PostgresConnection& connection) {
    const auto version = TRY(find_text(connection, "SELECT current_setting('server_version')"));
    const std::string server = "PostgreSQL " + version + " (" + connection.place() + ")";
    if (TRY(find_integer(connection, "SELECT pg_is_in_recovery()")) == 0) return ok(server + " is a primary");
    return Finding{Severity::problem, "store", server + " is a standby",
                   "Point `store` at the primary, or list every host in the URL: postgresql://a,b/database"};
}

Result<Finding> check_schema(PostgresConnection& connection) {
    const auto version = TRY(find_integer(connection, "SELECT MAX(version) FROM schema_migrations"));
    const std::string message =
        "Schema " + std::to_string(version) + "; this binary knows " + std::to_string(schema_version());
    if (version >= schema_version()) return ok(message);
    return Finding{Severity::warning, "store", message, "Start `postern serve` once: it brings the schema up to date"};
}

Result<Finding> check_durability(PostgresConnection& connection) {
    if (TRY(find_text(connection, "SELECT current_setting('fsync')")) == "off") {
        return Finding{Severity::problem, "store", "fsync is off: a crash can lose revocations and the whole database",
                       "Set fsync = on in postgresql.conf and reload"};
    }
    // Of the server, not of this session, which has turned it on for itself.
    const auto commit =
        TRY(find_text(connection, "SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'"));
    if (commit == "off" || commit == "local") {
        return Finding{Severity::warning, "store",
                       "synchronous_commit is " + commit + " on the server; postern turns it on for its own commits",
                       "Set synchronous_commit = on for postern's database, so that every tool keeps to it"};
    }
    return ok("fsync is on, synchronous_commit is " + commit);
}

Result<Finding> check_standbys(PostgresConnection& connection) {
    const auto names = TRY(find_text(connection, "SELECT current_setting('synchronous_standby_names')"));
    if (!names.empty()) return ok("synchronous_standby_names is " + names);
    return Finding{Severity::warning, "store",
                   "There is no synchronous standby: a failover may lose revocations that were acknowledged",
                   "Set synchronous_standby_names, if you fail over to a standby"};
}

Result<Finding> check_clock(PostgresConnection& connection, const Clock& clock) {
    const auto before = clock.now();
    const auto theirs = from_milliseconds(
        TRY(find_integer(connection, "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)")));
    const auto after = clock.now();
    const auto ours = before + (after - before) / 2;
    const auto difference = theirs > ours ? theirs - ours : ours - theirs;
    const std::string message =
        "The database's clock differs from this machine's by " + std::to_string(difference.count()) + " ms";
    if (difference - (after - before) <= clock_difference_allowed) return ok(message);
    return Finding{Severity::warning, "clock", message, "Run an NTP client on both machines"};
}

Result<Finding> check_connections(PostgresConnection& connection) {
    const auto most = TRY(find_integer(connection, "SELECT CAST(current_setting('max_connections') AS bigint)"));
    const auto used = TRY(find_integer(connection, "SELECT COUNT(*) FROM pg_stat_activity"));
    constexpr auto ours = static_cast<std::int64_t>(limits::postgres_connections) + 1;
    const std::string message = std::to_string(used) + " of max_connections " + std::to_string(most) +
                                " are in use; each node of postern takes up to " + std::to_string(ours);
    if (most - used >= ours) return ok(message);
    return Finding{Severity::warning, "store", message, "Raise max_connections, or use fewer elsewhere"};
}

Result<Finding> check_encoding(PostgresConnection& connection) {
    const auto encoding = TRY(find_text(connection, "SELECT current_setting('server_encoding')"));
    if (encoding == "UTF8") return ok("The database's encoding is UTF8");
    return Finding{Severity::problem, "store",
                   "The database's encoding is " + encoding + ", which cannot hold all text",
                   "Make the database anew with ENCODING 'UTF8', and restore into it"};
}

}  // namespace

std::vector<Finding> diagnose_postgres(const std::string& url, const Clock& clock) {
    PostgresTarget target;
    target.url = url;
    target.primary_only = false;
    auto connection = PostgresConnection::open(target);
    if (!connection.has_value()) {
        return {{Severity::problem, "store", connection.error().message, "Start PostgreSQL, or correct `store`"}};
    }
    std::vector<Finding> findings;
    const auto add = [&findings](Result<Finding> found) {
        if (!found.has_value()) found = Finding{Severity::problem, "store", found.error().message, "See the message"};
        findings.push_back(std::move(*found));
    };
    auto& open = **connection;
    add(check_role(open));
    add(check_schema(open));
    add(check_encoding(open));
    add(check_durability(open));
    add(check_standbys(open));
    add(check_clock(open, clock));
    add(check_connections(open));
    return findings;
}

}  // namespace postern::store

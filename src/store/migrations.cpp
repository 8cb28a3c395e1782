#include "store/migrations.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/clock.hpp"
#include "store/schema.hpp"

namespace postern::store {
namespace {

constexpr std::string_view versions_table = R"sql(
CREATE TABLE IF NOT EXISTS schema_migrations (
    version {int64} NOT NULL PRIMARY KEY,
    applied_at {int64} NOT NULL,
    oldest_binary {int64} NOT NULL
){strict};
)sql";

std::string with_type_words(std::string_view script, const TypeWords& words) {
    const std::array<std::pair<std::string_view, std::string_view>, 4> replacements{{
        {"{int64}", words.int64},
        {"{text}", words.text},
        {"{bytes}", words.bytes},
        {"{strict}", words.table_end},
    }};
    std::string out(script);
    for (const auto& [placeholder, word] : replacements) {
        for (auto at = out.find(placeholder); at != std::string::npos; at = out.find(placeholder, at + word.size())) {
            out.replace(at, placeholder.size(), word);
        }
    }
    return out;
}

struct Found {
    std::int64_t version = 0;
    std::int64_t oldest_binary = 0;
};

Result<Found> find_version(Connection& connection) {
    auto outcome = TRY(connection.execute(
        "SELECT COALESCE(MAX(version), 0), COALESCE(MAX(oldest_binary), 0) FROM schema_migrations", {}));
    const auto& row = outcome.rows.at(0);
    return Found{std::get<std::int64_t>(row.at(0)), std::get<std::int64_t>(row.at(1))};
}

Result<void> check_not_newer(const Found& found) {
    if (found.oldest_binary <= schema_version()) return {};
    return conflict("newer_schema", "The database has schema " + std::to_string(found.version) +
                                        ", made by a newer postern; this one knows schema " +
                                        std::to_string(schema_version()) +
                                        " and may not touch it. Install the newer postern again.");
}

Result<void> remember(Connection& connection, const SchemaStep& step) {
    const std::array<Value, 3> parameters{step.version, to_milliseconds(step.applied_at), step.oldest_binary};
    TRY(connection.execute("INSERT INTO schema_migrations (version, applied_at, oldest_binary) VALUES ($1, $2, $3)",
                           parameters));
    return {};
}

Result<void> apply(Connection& connection, const SchemaScript& step) {
    TRY(connection.execute_script(with_type_words(step.script, connection.type_words())));
    return remember(connection, {step.version, SystemClock().now(), step.oldest_binary});
}

// What the first step can stumble over is a table of another program.
Error explain_first_step(Error error) {
    if (error.kind != ErrorKind::internal) return error;
    return conflict("foreign_database",
                    "The database that `store` names is in use by another program, or a restore into it was not "
                    "finished (" +
                        error.message + "); name an empty one, or run `postern restore` again.");
}

}  // namespace

int schema_version() {
    return schema_scripts().back().version;
}

Result<void> migrate(Connection& connection, int version) {
    // Without the lock first: a command of the CLI need not wait for whoever is writing.
    auto found = find_version(connection);
    if (found.has_value() && found->version >= version) return check_not_newer(*found);
    // A database without the table is `internal`, and a new one to us; anything else is the caller's to hear.
    if (!found.has_value() && found.error().kind != ErrorKind::internal) return std::move(found.error());
    return connection.with_migration_lock([&connection, version]() -> Result<void> {
        TRY(connection.execute_script(with_type_words(versions_table, connection.type_words())));
        auto current = TRY(find_version(connection));
        TRY(check_not_newer(current));
        for (const auto& step : schema_scripts()) {
            if (step.version <= current.version || step.version > version) continue;
            auto applied = apply(connection, step);
            if (!applied.has_value() && current.version == 0) return explain_first_step(std::move(applied.error()));
            TRY(std::move(applied));
        }
        return {};
    });
}

Result<std::vector<SchemaStep>> list_schema_steps(Connection& connection) {
    auto outcome = TRY(
        connection.execute("SELECT version, applied_at, oldest_binary FROM schema_migrations ORDER BY version", {}));
    std::vector<SchemaStep> done;
    for (const auto& row : outcome.rows) {
        done.push_back({std::get<std::int64_t>(row.at(0)), from_milliseconds(std::get<std::int64_t>(row.at(1))),
                        std::get<std::int64_t>(row.at(2))});
    }
    return done;
}

Result<void> resume_migrations(Connection& connection, std::span<const SchemaStep> done) {
    std::int64_t last = 0;
    for (const SchemaStep& step : done) {
        TRY(remember(connection, step));
        last = std::max(last, step.version);
    }
    for (const auto& step : schema_scripts()) {
        if (step.version > last) TRY(apply(connection, step));
    }
    return {};
}

}  // namespace postern::store

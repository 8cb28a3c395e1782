// The driver port: one connection to a database, statements in, rows out. Two implementations, sqlite_driver.cpp and
// postgres_driver.cpp; everything else in the room is written once against this.
//
// SQL is the subset that SQLite 3.40 and PostgreSQL 15 share. Parameters are $1, $2, … and are bound by name, since
// SQLite numbers `$n` by first appearance. No `::` casts, no IDENTITY, no ANY(array), no FOR UPDATE.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace postern::store {

struct Null {};
using Blob = std::vector<std::uint8_t>;
// The column types that exist: BIGINT, TEXT, bytes. Booleans are BIGINT 0 or 1, times are BIGINT milliseconds.
using Value = std::variant<Null, std::int64_t, std::string, Blob>;
using Row = std::vector<Value>;

struct Outcome {
    std::vector<Row> rows;
    std::int64_t changed = 0;  // rows inserted, updated or deleted
};

// Words that the migrations use in place of `{bytes}` and such, so that one text serves both engines.
struct TypeWords {
    std::string_view int64;      // {int64}: INTEGER / BIGINT
    std::string_view text;       // {text}: TEXT / TEXT COLLATE "C"
    std::string_view bytes;      // {bytes}: BLOB / BYTEA
    std::string_view table_end;  // {strict}: " STRICT" / ""
};

// Used by one thread at a time. Errors everywhere: unavailable (connection lost, lock not had in time, disk full),
// conflict "unique_violation", internal (anything that a correct program never meets, with the engine's message).
// A transaction that lost a race (PostgreSQL 40001, 40P01) is conflict "retry".
class Connection {
public:
    virtual ~Connection() = default;

    // One statement. `sql` is prepared once per connection and kept by its address: pass string literals only.
    virtual Result<Outcome> execute(std::string_view sql, std::span<const Value> parameters) = 0;
    // Several statements without parameters, for migrations.
    virtual Result<void> execute_script(const std::string& sql) = 0;

    // SQLite: BEGIN IMMEDIATE. PostgreSQL: BEGIN, READ COMMITTED.
    virtual Result<void> begin_write() = 0;
    // A consistent snapshot. SQLite: BEGIN. PostgreSQL: BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY.
    virtual Result<void> begin_read() = 0;
    // Success means durable, on the synchronous standbys too where there are any.
    virtual Result<void> commit() = 0;
    virtual void rollback() noexcept = 0;

    // Runs `body` while no other process can run it, for migrations; in a transaction of its own.
    virtual Result<void> with_migration_lock(const std::function<Result<void>()>& body) = 0;

    // The feed. Within a write transaction: the number that rows changed in it carry.
    // PostgreSQL: pg_current_xact_id(). SQLite: a counter row, moved on once per transaction.
    virtual Result<std::int64_t> change_number() = 0;
    // Within a read transaction: everything below this number is visible to it or never will be.
    // PostgreSQL: the snapshot's xmin. SQLite: the counter + 1.
    virtual Result<std::int64_t> change_horizon() = 0;

    [[nodiscard]] virtual const TypeWords& type_words() const = 0;
    [[nodiscard]] virtual std::string_view engine() const = 0;  // "sqlite" or "postgresql", for people
};

}  // namespace postern::store

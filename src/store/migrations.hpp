// The schema, as numbered steps forward. Each step records the oldest binary schema that may still run on it, so that
// version N and N + 1 of the server can share a database during an upgrade.
#pragma once

#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/driver.hpp"

namespace postern::store {

// The highest step this binary knows.
int schema_version();

// Brings the schema up to this binary's, under the driver's migration lock; does nothing when it is there already.
// Errors: conflict "newer_schema" when the database says that this binary is too old for it.
// Tests stop at an earlier `version`, to have a database of its time.
Result<void> migrate(Connection& connection, int version = schema_version());

// A step as a database remembers it.
struct SchemaStep {
    std::int64_t version = 0;
    Timestamp applied_at;
    std::int64_t oldest_binary = 0;
};

// In order.
Result<std::vector<SchemaStep>> list_schema_steps(Connection& connection);

// For tables that were restored without their steps, which no server takes for a database of ours until then: remembers
// `done`, and does what comes after them. In the caller's transaction.
Result<void> resume_migrations(Connection& connection, std::span<const SchemaStep> done);

}  // namespace postern::store

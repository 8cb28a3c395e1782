// A trail as it is read from a store: for verifying, exporting and diagnosing it.
#pragma once

#include <functional>
#include <optional>

#include "base/result.hpp"
#include "core/audit_chain.hpp"
#include "core/diagnosis.hpp"
#include "core/store.hpp"

namespace postern::core {

// Hands the whole trail over in the order that TrailVerifier takes, a page of records in memory at a time, until one of
// the two says no more. Unsealed records come last.
struct TrailVisitor {
    std::function<Result<bool>(const AuditRecord&)> record;
    std::function<Result<bool>(const AuditCheckpoint&)> checkpoint;
};
Result<void> visit_trail(Reader& reader, const TrailVisitor& visitor);

Result<TrailReport> verify_trail(Reader& reader, const AuditVerifier& verifier,
                                 std::optional<Timestamp> removable_before);

// For `postern doctor`: whether somebody seals, and when the last checkpoint was written.
Result<Finding> diagnose_trail(Reader& reader, Timestamp now);

}  // namespace postern::core

// Audit records and checkpoints as JSON: what `postern audit` prints, exports, and reads back to verify it.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>
#include <variant>

#include "base/result.hpp"
#include "core/records.hpp"

namespace postern::cli {

// Every field: times as RFC 3339 in milliseconds, bytes as base64url, absent ids and numbers as null. `type` is
// "record" or "checkpoint".
boost::json::object to_json(const core::AuditRecord& record);
boost::json::object to_json(const core::AuditCheckpoint& checkpoint);

using AuditPiece = std::variant<core::AuditRecord, core::AuditCheckpoint>;

// Reads one of the two back, strictly: each field once and nothing else. Errors: invalid_input "invalid_line".
Result<AuditPiece> parse_audit_piece(std::string_view text);

}  // namespace postern::cli

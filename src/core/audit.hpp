// How the flows write their audit records: in the transaction of what they record. The sealer chains them afterwards;
// see audit_sealer.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/store.hpp"

namespace postern::core {

// Who is acting and from where. Every flow that changes something takes one.
struct Actor {
    std::string name;     // an account's id, "client:<id>", "cli:<user>", "anonymous", or "system"
    std::string address;  // empty for the command line
    std::string user_agent;
};

struct AuditSubject {
    std::optional<AccountId> account;
    std::optional<SessionId> session = {};
    std::string detail = {};  // AuditRecord::detail
};

// `event` is a stable word of docs/audit.md, `outcome` is "success" or the reason's stable word.
Result<void> record(Transaction& transaction, std::string_view event, const Actor& actor, const AuditSubject& subject,
                    std::string_view outcome, Timestamp now);
// One record for `count` events of the same kind, such as failed logins, which have no durable write of their own.
Result<void> record(Transaction& transaction, std::string_view event, const Actor& actor, const AuditSubject& subject,
                    std::string_view outcome, std::int64_t count, Timestamp now);

}  // namespace postern::core

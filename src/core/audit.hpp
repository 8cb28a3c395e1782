// How the flows write their audit records: in the transaction of what they record.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/store.hpp"

namespace postern::core {

// Who is acting and from where. Every flow that changes something takes one.
struct Actor {
    std::string name;     // an account's id, "cli:<user>", or "system"
    std::string address;  // empty for the command line
    std::string user_agent;
};

struct AuditSubject {
    std::optional<AccountId> account;
    std::optional<SessionId> session;
};

Result<void> record(Transaction& transaction, std::string_view event, const Actor& actor, const AuditSubject& subject,
                    std::string_view outcome, Timestamp now);

}  // namespace postern::core

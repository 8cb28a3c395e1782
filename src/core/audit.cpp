#include "core/audit.hpp"

namespace postern::core {

Result<void> record(Transaction& transaction, std::string_view event, const Actor& actor, const AuditSubject& subject,
                    std::string_view outcome, Timestamp now) {
    return transaction.insert_audit({.id = AuditId::make(now),
                                     .at = now,
                                     .event = std::string(event),
                                     .actor = actor.name,
                                     .account_id = subject.account,
                                     .session_id = subject.session,
                                     .address = actor.address,
                                     .outcome = std::string(outcome)});
}

}  // namespace postern::core

#include "core/audit.hpp"

#include "base/random.hpp"
#include "core/audit_chain.hpp"

namespace postern::core {
namespace {

// As long as it takes that nobody can guess an erased address by trying all of them.
constexpr std::size_t salt_bytes = 16;

}  // namespace

Result<void> record(Transaction& transaction, std::string_view event, const Actor& actor, const AuditSubject& subject,
                    std::string_view outcome, Timestamp now) {
    return record(transaction, event, actor, subject, outcome, 1, now);
}

Result<void> record(Transaction& transaction, std::string_view event, const Actor& actor, const AuditSubject& subject,
                    std::string_view outcome, std::int64_t count, Timestamp now) {
    AuditRecord record;
    record.id = AuditId::make(now);
    record.at = now;
    record.event = event;
    record.actor = actor.name;
    record.account_id = subject.account;
    record.session_id = subject.session;
    record.address = actor.address;
    record.outcome = outcome;
    record.user_agent = actor.user_agent;
    record.detail = subject.detail;
    record.count = count;
    record.salt.resize(salt_bytes);
    fill_random(record.salt);
    record.personal_digest = personal_digest_of(record);
    return transaction.insert_audit(record);
}

}  // namespace postern::core

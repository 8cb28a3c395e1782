#include "core/outbox_control.hpp"

#include "base/limits.hpp"

namespace postern::core {
namespace {

// A worker that took an entry has put off its next attempt by no more than this, whatever mail.time says.
constexpr Milliseconds longest_sending = limits::delivery_time_longest + limits::delivery_lease_margin;

Result<OutboxEntry> get_entry(Reader& reader, const OutboxId& id) {
    auto entry = TRY(reader.find_outbox_entry(id));
    if (!entry) return not_found("outbox_unknown", "There is no entry " + id.text() + " in the outbox");
    return std::move(*entry);
}

AuditSubject about(const OutboxEntry& entry) {
    return {.account = entry.account_id,
            .session = std::nullopt,
            .detail = std::string(word(entry.kind)) + " " + entry.topic + " to " + entry.recipient};
}

}  // namespace

Result<OutboxEntry> retry_outbox(Transaction& transaction, const OutboxId& id, const Actor& actor, Timestamp now) {
    auto entry = TRY(get_entry(transaction, id));
    if (entry.state == OutboxState::sent) return conflict("already_sent", "The entry was sent already");
    if (entry.state == OutboxState::pending && entry.due_at <= now + longest_sending) return entry;
    const std::int64_t read_attempts = entry.attempts;
    if (entry.state == OutboxState::failed) entry.attempts = 0;
    entry.state = OutboxState::pending;
    entry.due_at = now;
    entry.finished_at.reset();
    const bool updated = TRY(transaction.update_outbox(entry, read_attempts));
    if (!updated) return conflict("retry", "The entry changed meanwhile");
    TRY(record(transaction, "outbox.retried", actor, about(entry), "success", now));
    return entry;
}

Result<void> delete_outbox(Transaction& transaction, const OutboxId& id, const Actor& actor, Timestamp now) {
    const auto entry = TRY(get_entry(transaction, id));
    TRY(transaction.delete_outbox(id));
    return record(transaction, "outbox.deleted", actor, about(entry), "success", now);
}

}  // namespace postern::core

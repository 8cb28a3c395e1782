#include "core/audit_sealer.hpp"

#include <algorithm>
#include <chrono>

#include "base/json_text.hpp"
#include "base/limits.hpp"
#include "base/time_text.hpp"
#include "core/audit_chain.hpp"

namespace postern::core {
namespace {

constexpr std::string_view lease_name = "audit_sealer";

// Where the chain goes on.
struct Head {
    std::int64_t sequence = 0;
    ChainValue chain;
    std::optional<AuditCheckpoint> checkpoint;
    bool broken = false;
};

Result<std::int64_t> find_last_sequence(Transaction& transaction, std::int64_t from) {
    // Numbers grow by one: one beyond this was written by somebody else, to stop the chain.
    constexpr std::int64_t highest = std::int64_t{1} << 62U;
    std::int64_t last = from;
    while (last < highest) {
        const auto page = TRY(transaction.list_sealed_audit(last + 1, limits::audit_seal_records));
        if (page.empty()) return last;
        last = page.back().sequence.value_or(highest);
    }
    return conflict("audit_trail_broken", "An audit record has the impossible sequence " + std::to_string(last) +
                                              "; look at the trail with: postern audit verify");
}

Result<Head> find_head(Transaction& transaction, const AuditSigner& signer) {
    auto last = TRY(transaction.find_last_audit_checkpoint());
    const std::int64_t covered = last ? last->sequence : 0;
    const std::int64_t reached = TRY(find_last_sequence(transaction, covered));
    const bool fits = !last || signer.verify_audit(signed_text(*last), {last->kid, last->signature});
    if (fits && reached == covered) return Head{covered, last ? last->chain : chain_start(), std::move(last), false};
    // One number is left out, so that the trail can never be taken for whole.
    return Head{reached + 1, chain_start(), std::move(last), true};
}

// Batches end at the records of which the checkpoint is kept.
std::size_t next_batch(const Head& head) {
    const auto until_kept = limits::audit_checkpoint_records - head.sequence % limits::audit_checkpoint_records;
    return std::min(limits::audit_seal_records, static_cast<std::size_t>(until_kept));
}

bool is_superseded(const AuditCheckpoint& earlier, const AuditCheckpoint& later) {
    const auto block = [](const AuditCheckpoint& checkpoint) {
        return (checkpoint.sequence - 1) / limits::audit_checkpoint_records;
    };
    const auto hour = [](const AuditCheckpoint& checkpoint) {
        return std::chrono::floor<std::chrono::hours>(checkpoint.at);
    };
    return block(earlier) == block(later) && hour(earlier) == hour(later);
}

Result<AuditCheckpoint> write_checkpoint(Transaction& transaction, const AuditSigner& signer, const Head& before,
                                         std::int64_t sequence, const ChainValue& chain, Timestamp now) {
    AuditCheckpoint checkpoint{.sequence = sequence, .chain = chain, .at = now, .kid = "", .signature = {}};
    auto signature = TRY(signer.sign_audit(signed_text(checkpoint)));
    checkpoint.kid = std::move(signature.kid);
    checkpoint.signature = std::move(signature.bytes);
    TRY(transaction.insert_audit_checkpoint(checkpoint));
    if (!before.checkpoint || before.broken || !is_superseded(*before.checkpoint, checkpoint)) return checkpoint;
    // Once retention has removed the record itself, the trail begins with its checkpoint.
    const auto covered = TRY(transaction.list_sealed_audit(before.checkpoint->sequence, 1));
    const bool is_there = !covered.empty() && covered.front().sequence == before.checkpoint->sequence;
    if (is_there) TRY(transaction.delete_audit_checkpoint(before.checkpoint->sequence));
    return checkpoint;
}

// What is told of the webhooks themselves would be told to those that just failed, and fail again.
bool is_told(const AuditRecord& record, const WebhookSettings& webhooks) {
    if (record.event.starts_with("webhook.")) return false;
    return webhooks.events.empty() || std::ranges::find(webhooks.events, record.event) != webhooks.events.end();
}

Result<std::size_t> queue_webhooks(Transaction& transaction, const AuditRecord& record, const WebhookSettings& webhooks,
                                   Timestamp now) {
    if (!is_told(record, webhooks)) return std::size_t{0};
    for (const std::string& url : webhooks.urls) {
        OutboxEntry entry;
        entry.id = OutboxId::make(now);
        entry.kind = OutboxKind::webhook;
        entry.topic = record.event;
        entry.account_id = record.account_id;
        entry.recipient = url;
        entry.payload = write_webhook_body(record);
        entry.created_at = now;
        entry.due_at = now;
        TRY(transaction.insert_outbox(entry));
    }
    return webhooks.urls.size();
}

}  // namespace

Result<SealOutcome> seal_next_records(Transaction& transaction, const AuditSigner& signer,
                                      const WebhookSettings& webhooks, std::string_view node, Timestamp now) {
    SealOutcome outcome;
    outcome.leads = TRY(transaction.take_lease(lease_name, node, now, now + limits::audit_seal_lease));
    if (!outcome.leads) return outcome;
    const Head head = TRY(find_head(transaction, signer));
    const std::size_t batch = next_batch(head);
    auto records = TRY(transaction.list_unsealed_audit(std::nullopt, batch + 1));
    outcome.more = records.size() > batch;
    records.resize(std::min(records.size(), batch));
    if (records.empty()) return outcome;
    outcome.began_anew = head.broken;

    std::int64_t sequence = head.sequence;
    ChainValue chain = head.chain;
    for (AuditRecord& record : records) {
        record.sequence = ++sequence;
        chain = chain_after(chain, record);
        const bool sealed = TRY(transaction.seal_audit(record.id, sequence, chain));
        if (!sealed) return conflict("retry", "The audit record " + record.id.text() + " was sealed meanwhile");
        outcome.queued += TRY(queue_webhooks(transaction, record, webhooks, now));
    }
    outcome.sealed = records.size();
    outcome.checkpoint = TRY(write_checkpoint(transaction, signer, head, sequence, chain, now));
    return outcome;
}

Result<void> stop_sealing(Transaction& transaction, std::string_view node, Timestamp now) {
    TRY(transaction.take_lease(lease_name, node, now, now));
    return {};
}

std::string write_webhook_body(const AuditRecord& record) {
    const auto text_or_null = [](const auto& id) { return id ? quote_json(id->text()) : std::string("null"); };
    return "{\"id\":" + quote_json(record.id.text()) + ",\"event\":" + quote_json(record.event) +
           ",\"at\":" + quote_json(write_time(record.at)) + ",\"actor\":" + quote_json(record.actor) +
           ",\"account_id\":" + text_or_null(record.account_id) + ",\"session_id\":" + text_or_null(record.session_id) +
           ",\"outcome\":" + quote_json(record.outcome) + ",\"count\":" + std::to_string(record.count) + "}";
}

}  // namespace postern::core

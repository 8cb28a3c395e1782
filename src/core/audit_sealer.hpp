// Chains the audit records that were committed since, signs how far it has come, and queues what is told to webhooks.
//
// One at a time in an installation, by a lease and the row lock that comes with it. The order of sealing is the order
// in which the sealer sees the records: on PostgreSQL a record's id may be older than that of one sealed before it.
//
// The last sealed record always has a checkpoint, so that a tail cut off is noticed. Of these only the last of each
// limits::audit_checkpoint_records records and of each hour are kept; the others go when the next one is written.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/secrets.hpp"
#include "core/store.hpp"

namespace postern::core {

// Where events go, and which.
struct WebhookSettings {
    std::vector<std::string> urls;
    std::vector<std::string> events;  // stable words; empty: all but webhook.failed
};

struct SealOutcome {
    bool leads = false;      // this node holds the lease; otherwise nothing was done
    std::size_t sealed = 0;  // records
    std::size_t queued = 0;  // webhook entries
    bool more = false;       // records are left
    std::optional<AuditCheckpoint> checkpoint;
    // The end of the trail did not fit its checkpoint: somebody changed the database. The chain begins anew behind a
    // gap, so that nothing forged is signed and audit_chain.hpp names where it broke.
    bool began_anew = false;
};

// One step, in a transaction of its own. `node` names who does it. Errors: unavailable, when there is no key to sign
// with; conflict "retry", when another sealer was quicker.
Result<SealOutcome> seal_next_records(Transaction& transaction, const AuditSigner& signer,
                                      const WebhookSettings& webhooks, std::string_view node, Timestamp now);

// The node stops: another need not wait for its lease to run out.
Result<void> stop_sealing(Transaction& transaction, std::string_view node, Timestamp now);

// The body of an event: id, event, at, actor, account_id, session_id, outcome, count. What is personal in the record
// stays here: a receiver that needs it can ask for the record.
std::string write_webhook_body(const AuditRecord& record);

}  // namespace postern::core

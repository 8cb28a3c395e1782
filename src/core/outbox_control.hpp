// What an operator does to single entries of the outbox. Write steps.
#pragma once

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/store.hpp"

namespace postern::core {

// What was given up begins anew, with all its attempts. What waits for a later attempt is due now, unless that is so
// soon that a worker may be sending it: then it stays as it is. Gives back the entry as it is afterwards.
// Errors: not_found "outbox_unknown"; conflict "already_sent"; conflict "retry".
Result<OutboxEntry> retry_outbox(Transaction& transaction, const OutboxId& id, const Actor& actor, Timestamp now);

// Errors: not_found "outbox_unknown".
Result<void> delete_outbox(Transaction& transaction, const OutboxId& id, const Actor& actor, Timestamp now);

}  // namespace postern::core

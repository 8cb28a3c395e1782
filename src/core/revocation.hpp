// The one model of revocation: whatever ends trust revokes every slot concerned, ends the sessions concerned and writes
// the audit record, all in the caller's transaction. The bits in memory flip after the commit, before the answer.
#pragma once

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/claims.hpp"
#include "core/store.hpp"

namespace postern::core {

// One access token; its session lives on. False: it was revoked already (the revocation stands, and is durable).
Result<bool> revoke_access_token(Transaction& transaction, const AccessClaims& claims, const Actor& actor,
                                 Timestamp now);

// One session with all its tokens. False: it had ended already.
Result<bool> end_session(Transaction& transaction, const Session& session, RevocationReason reason, const Actor& actor,
                         Timestamp now);
// The same by id, for an operator. Errors: not_found "session_unknown".
Result<bool> end_session_by_operator(Transaction& transaction, const SessionId& id, const Actor& actor, Timestamp now);

// Every session and token of an account. Says how many sessions it ended. `event` names the cause in the audit trail,
// `detail` is what else to tell there.
Result<std::size_t> revoke_account(Transaction& transaction, const AccountId& account, RevocationReason reason,
                                   std::string_view event, const Actor& actor, Timestamp now,
                                   std::string_view detail = {});
// The same for an operator who changes nothing else about the account.
Result<std::size_t> end_sessions_by_operator(Transaction& transaction, const Account& account, const Actor& actor,
                                             Timestamp now);

}  // namespace postern::core

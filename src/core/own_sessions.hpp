// The sessions of whoever asks: seeing them and ending them.
#pragma once

#include <vector>

#include "base/result.hpp"
#include "core/own_account.hpp"
#include "core/revocation.hpp"

namespace postern::core {

// Those that may still be refreshed, newest first; at most limits::sessions_per_account.
// Errors: those of get_own_account().
Result<std::vector<Session>> list_own_sessions(Reader& reader, const SignedIn& caller, Timestamp now);

// Another's session is as unknown as none. Errors: not_found "session_unknown", also for one that has ended.
Result<void> end_own_session(Transaction& transaction, const SignedIn& caller, const SessionId& id, const Actor& actor,
                             Timestamp now);

// Ends every session of the account but `kept`, with all their tokens. Says how many.
Result<std::size_t> end_other_sessions(Transaction& transaction, const AccountId& account, const SessionId& kept,
                                       RevocationReason reason, const Actor& actor, Timestamp now);

// Ends the caller's own session. Ended already is success: what its holder wants is so.
Result<void> log_out(Transaction& transaction, const SignedIn& caller, const Actor& actor, Timestamp now);

}  // namespace postern::core

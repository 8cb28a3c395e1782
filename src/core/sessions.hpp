// Opening a session and refreshing it.
//
// A session is one row with a counter C; its only current refresh token is (session, C). A refresh presents n:
//
//                         opened at login, C = 1
//                                  |
//                                  v        n == C: rotate()                    C := C + 1, a new pair
//          .--------------->  [ live, C ]--------------------------------------------------.
//          |                       |                                                       |
//          |                       |  n == C-1, within the grace of its rotation,          |
//          |  the same             |  child not revoked: repeat_child()                    |
//          |<--- child again ------|                                                       |
//          |                       |                                                       |
//          |                       |  n < C, within the grace of n's own rotation:         |
//          |<--- 401, superseded --|  (two tabs of one client; nothing ends)               |
//          |                       |                                                       |
//          |<--- 401, unknown -----|  n > C: a restored database; nothing ends             |
//          |                       |                                                       |
//          |                       |  n < C, later: reuse, someone holds a stolen token    |
//          |                       v                                                       |
//          |                   [ ended ]  <-- idle_deadline or ends_at passed, logout,     |
//          |                              disable, … : 401 session_ended, for good         |
//          '-------------------------------------------------------------------------------'
//
// When n was rotated is when n + 1 was issued, and that stands in the slot of that issuance. A slot row outlives the
// grace because its list outlives the access token, and the configuration refuses a grace longer than that.
// Invariant: a refresh token has at most one live child, because advance_session() moves C only from the value it was
// compared with, in the transaction that inserts the child's slot.
#pragma once

#include <optional>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/claims.hpp"
#include "core/store.hpp"

namespace postern::core {

// What a login or a refresh hands out, before it is signed. Signing happens after the commit, off the store's threads.
struct TokenPair {
    AccessClaims access;
    RefreshClaims refresh;
    std::string access_kid;
};

// Within the transaction of a login, after the account's row was taken. Ends the oldest sessions past
// limits::sessions_per_account.
Result<TokenPair> open_session(Transaction& transaction, const Account& account, bool permanent, const Actor& actor,
                               const TokenPolicy& policy, std::string_view access_kid, Timestamp now);

enum class RefreshStatus { rotated, repeated, superseded, unknown_counter, reused, session_ended };

// A value, not an error, for every status: `reused` must be committed.
struct RefreshOutcome {
    RefreshStatus status = RefreshStatus::session_ended;
    std::optional<TokenPair> pair;  // with rotated and repeated
};

// Errors: throttled "too_many_tokens" past policy.live_tokens_per_session; the refresh token stays good.
Result<RefreshOutcome> refresh_session(Transaction& transaction, const RefreshClaims& presented, const Actor& actor,
                                       const TokenPolicy& policy, std::string_view access_kid, Timestamp now);

// Ends the session behind a genuine refresh token, whatever its counter: one above the row's means a restored database,
// and its holder still wants the session gone. Ended already is success too. Errors: unauthenticated "session_ended"
// when there is no such session to end.
Result<void> revoke_refresh(Transaction& transaction, const RefreshClaims& presented, const Actor& actor,
                            Timestamp now);

// The answer for a status that hands out no pair; unauthenticated "refresh_superseded", "refresh_unknown",
// "refresh_reused", "session_ended".
Error refusal(RefreshStatus status);

// Whether `session` may still be refreshed at `now`.
bool is_live(const Session& session, Timestamp now);

}  // namespace postern::core

#include "core/own_sessions.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "core/sessions.hpp"

namespace postern::core {
namespace {

// Sessions that ran out stay in the store until they are swept, so a page may hold more of them than are alive.
constexpr std::size_t page_sessions = 2 * limits::sessions_per_account;

}  // namespace

Result<std::vector<Session>> list_own_sessions(Reader& reader, const SignedIn& caller, Timestamp now) {
    TRY(get_own_account(reader, caller));
    auto sessions = TRY(reader.list_sessions(caller.account(), false, page_sessions));
    std::erase_if(sessions, [&](const Session& session) { return !is_live(session, now); });
    if (sessions.size() > limits::sessions_per_account) sessions.resize(limits::sessions_per_account);
    return sessions;
}

Result<void> end_own_session(Transaction& transaction, const SignedIn& caller, const SessionId& id, const Actor& actor,
                             Timestamp now) {
    const auto unknown = not_found("session_unknown", "You have no such session, or it has ended already");
    const auto session = TRY(transaction.find_session(id));
    if (!session.has_value() || session->account_id != caller.account()) return unknown;
    if (!TRY(end_session(transaction, *session, RevocationReason::session_revoked, actor, now))) return unknown;
    return {};
}

Result<std::size_t> end_other_sessions(Transaction& transaction, const AccountId& account, const SessionId& kept,
                                       RevocationReason reason, const Actor& actor, Timestamp now) {
    std::size_t ended = 0;
    for (;;) {
        auto sessions = TRY(transaction.list_sessions(account, false, page_sessions));
        std::erase_if(sessions, [&](const Session& session) { return session.id == kept; });
        if (sessions.empty()) return ended;
        for (const Session& session : sessions) {
            if (TRY(end_session(transaction, session, reason, actor, now))) ++ended;
        }
    }
}

Result<void> log_out(Transaction& transaction, const SignedIn& caller, const Actor& actor, Timestamp now) {
    const auto session = TRY(transaction.find_session(caller.session()));
    if (!session.has_value()) return unauthenticated("invalid_token", "The session of this token no longer exists");
    TRY(end_session(transaction, *session, RevocationReason::logged_out, actor, now));
    return {};
}

}  // namespace postern::core

#include "core/revocation.hpp"

namespace postern::core {

Result<bool> revoke_access_token(Transaction& transaction, const AccessClaims& claims, const Actor& actor,
                                 Timestamp now) {
    bool revoked = TRY(transaction.revoke_slot(claims.slot, now, RevocationReason::token_revoked));
    if (!revoked && !TRY(transaction.find_slot(claims.slot)).has_value()) {
        // The token is ours and its list is known, but its row is not: the database is older than the token. Without a
        // row to mark, "revoked" would be a lie.
        auto inserted = transaction.insert_slot({.ref = claims.slot,
                                                 .session_id = claims.session_id,
                                                 .counter = 0,
                                                 .token_id = claims.token_id,
                                                 .issued_at = claims.issued_at,
                                                 .expires_at = claims.expires_at});
        // Another request for the same token was faster; the next look finds its row.
        if (!inserted.has_value() && inserted.error().kind == ErrorKind::conflict) {
            return conflict("retry", "The token is being revoked by another request");
        }
        TRY(std::move(inserted));
        revoked = TRY(transaction.revoke_slot(claims.slot, now, RevocationReason::token_revoked));
    }
    if (!revoked) return false;
    TRY(record(transaction, "token.revoked", actor, {claims.subject, claims.session_id},
               word(RevocationReason::token_revoked), now));
    return true;
}

Result<bool> end_session(Transaction& transaction, const Session& session, RevocationReason reason, const Actor& actor,
                         Timestamp now) {
    const bool ended = TRY(transaction.end_session(session.id, now, reason));
    if (!ended) return false;  // by another node perhaps; the store sees to it that this one knows as well
    TRY(transaction.revoke_slots_of_session(session.id, now, reason));
    TRY(record(transaction, "session.ended", actor, {session.account_id, session.id}, word(reason), now));
    return true;
}

Result<bool> end_session_by_operator(Transaction& transaction, const SessionId& id, const Actor& actor, Timestamp now) {
    const auto session = TRY(transaction.find_session(id));
    if (!session.has_value()) return not_found("session_unknown", "There is no session " + id.text());
    return end_session(transaction, *session, RevocationReason::ended_by_operator, actor, now);
}

Result<std::size_t> revoke_account(Transaction& transaction, const AccountId& account, RevocationReason reason,
                                   std::string_view event, const Actor& actor, Timestamp now, std::string_view detail) {
    const auto ended = TRY(transaction.end_sessions_of(account, now, reason));
    // Those of sessions that had ended were revoked as they did.
    for (const SessionId& session : ended) TRY(transaction.revoke_slots_of_session(session, now, reason));
    TRY(record(transaction, event, actor, {account, std::nullopt, std::string(detail)}, word(reason), now));
    return ended.size();
}

Result<std::size_t> end_sessions_by_operator(Transaction& transaction, const Account& account, const Actor& actor,
                                             Timestamp now) {
    return revoke_account(transaction, account.id, RevocationReason::ended_by_operator, "account.sessions_ended", actor,
                          now, account.email);
}

}  // namespace postern::core

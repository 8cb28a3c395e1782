#include "core/sessions.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "core/live_tokens.hpp"
#include "core/revocation.hpp"

namespace postern::core {
namespace {

Timestamp whole_seconds(Timestamp time) {
    return std::chrono::floor<Seconds>(time);
}

// Everything about a pair follows from the session's row and the slot of the issuance, so that a repeated answer is the
// same to the byte. What the account may do is as of now: a change of it ends its sessions, so no repeat can differ.
TokenPair make_pair(const Session& session, const Account& account, const Slot& slot, const TokenPolicy& policy,
                    std::string_view access_kid) {
    const Timestamp issued_at = whole_seconds(slot.issued_at);
    return {.access = {.issuer = policy.issuer,
                       .audience = policy.audience,
                       .subject = session.account_id,
                       .client_id = session.client_id,
                       .issued_at = issued_at,
                       .expires_at = slot.expires_at,
                       .token_id = slot.token_id,
                       .session_id = session.id,
                       .slot = slot.ref,
                       .roles = account.roles,
                       .scopes = account.scopes,
                       .custom = account.custom_claims},
            .refresh = {.issuer = policy.issuer,
                        .audience = refresh_audience(policy),
                        .subject = session.account_id,
                        .issued_at = issued_at,
                        .expires_at = std::min(session.idle_deadline, session.ends_at),
                        .session_id = session.id,
                        .counter = slot.counter},
            .access_kid = std::string(access_kid)};
}

// The slot row of a new issuance under `session.counter`.
Result<Slot> issue(Transaction& transaction, const Session& session, const SlotRef& ref, const TokenPolicy& policy,
                   Timestamp now) {
    Slot slot{.ref = ref,
              .session_id = session.id,
              .counter = session.counter,
              .token_id = TokenId::make(now),
              .issued_at = now,
              .expires_at =
                  std::min({whole_seconds(now + policy.access_token_life), session.idle_deadline, session.ends_at})};
    TRY(transaction.insert_slot(slot));
    return slot;
}

Result<void> end_oldest_sessions(Transaction& transaction, const AccountId& account, const Actor& actor,
                                 Timestamp now) {
    constexpr std::size_t allowed = limits::sessions_per_account - 1;  // one is about to be opened
    const auto sessions = TRY(transaction.list_sessions(account, false, limits::sessions_per_account + 1));
    for (std::size_t i = allowed; i < sessions.size(); ++i) {
        TRY(end_session(transaction, sessions[i], RevocationReason::session_limit, actor, now));
    }
    return {};
}

// C := C + 1 and the child's slot. Nothing when another refresh of the same token got there first.
Result<std::optional<TokenPair>> rotate(Transaction& transaction, Session session, const Account& account,
                                        const TokenPolicy& policy, std::string_view access_kid, Timestamp now) {
    TRY(check_live_tokens(transaction, session.id, session.counter + 1, policy.live_tokens_per_session, now));
    const SlotRef ref = TRY(transaction.reserve_slot(access_kid, now));
    const Timestamp idle_deadline = std::min(whole_seconds(now + session.idle_time), session.ends_at);
    const bool moved = TRY(transaction.advance_session(session.id, session.counter, now, idle_deadline));
    if (!moved) return std::optional<TokenPair>();
    session.counter += 1;
    session.idle_deadline = idle_deadline;
    const Slot slot = TRY(issue(transaction, session, ref, policy, now));
    return std::optional(make_pair(session, account, slot, policy, access_kid));
}

// What a counter below the current one means. The slot that rotated it away is that of the counter after it.
Result<RefreshOutcome> judge_superseded(Transaction& transaction, const Session& session, const Account& account,
                                        std::int64_t presented, const Actor& actor, const TokenPolicy& policy,
                                        std::string_view access_kid, Timestamp now) {
    const auto successor = TRY(transaction.find_slot_of_counter(session.id, presented + 1));
    const bool within_grace = successor.has_value() && now - successor->issued_at <= policy.refresh_grace;
    if (!within_grace) {
        TRY(end_session(transaction, session, RevocationReason::refresh_reuse, actor, now));
        return RefreshOutcome{RefreshStatus::reused, std::nullopt};
    }
    const bool is_unused_child = successor->counter == session.counter && !successor->revoked_at.has_value();
    if (!is_unused_child) return RefreshOutcome{RefreshStatus::superseded, std::nullopt};
    return RefreshOutcome{RefreshStatus::repeated, make_pair(session, account, *successor, policy, access_kid)};
}

}  // namespace

bool is_live(const Session& session, Timestamp now) {
    return !session.ended_at.has_value() && now < session.idle_deadline && now < session.ends_at;
}

Result<TokenPair> open_session(Transaction& transaction, const Account& account, bool permanent, const Actor& actor,
                               const TokenPolicy& policy, std::string_view access_kid, Timestamp now) {
    const SlotRef ref = TRY(transaction.reserve_slot(access_kid, now));
    TRY(end_oldest_sessions(transaction, account.id, actor, now));
    const Milliseconds idle = permanent ? policy.permanent_session_idle : policy.session_idle;
    const Milliseconds life = permanent ? policy.permanent_session_life : policy.session_life;
    const Timestamp ends_at = whole_seconds(now + life);
    const Session session{.id = SessionId::make(now),
                          .account_id = account.id,
                          .client_id = policy.client_id,
                          .counter = 1,
                          .permanent = permanent,
                          .created_at = now,
                          .last_used_at = now,
                          .idle_time = idle,
                          .idle_deadline = std::min(whole_seconds(now + idle), ends_at),
                          .ends_at = ends_at,
                          .ended_at = std::nullopt,
                          .end_reason = "",
                          .address = actor.address,
                          .user_agent = actor.user_agent.substr(0, limits::user_agent_bytes)};
    TRY(transaction.insert_session(session));
    const Slot slot = TRY(issue(transaction, session, ref, policy, now));
    return make_pair(session, account, slot, policy, access_kid);
}

Result<RefreshOutcome> refresh_session(Transaction& transaction, const RefreshClaims& presented, const Actor& actor,
                                       const TokenPolicy& policy, std::string_view access_kid, Timestamp now) {
    // A second look after a lost race: the session moved on between the read and the update, so it is read again, and
    // what was current is a superseded counter now.
    constexpr int looks = 2;
    for (int look = 0; look < looks; ++look) {
        const auto session = TRY(transaction.find_session(presented.session_id));
        const bool known = session.has_value() && session->account_id == presented.subject;
        if (!known || !is_live(*session, now)) return RefreshOutcome{RefreshStatus::session_ended, std::nullopt};
        const auto account = TRY(transaction.find_account(session->account_id));
        if (!account.has_value()) return RefreshOutcome{RefreshStatus::session_ended, std::nullopt};
        if (presented.counter > session->counter) return RefreshOutcome{RefreshStatus::unknown_counter, std::nullopt};
        if (presented.counter < session->counter) {
            return judge_superseded(transaction, *session, *account, presented.counter, actor, policy, access_kid, now);
        }
        auto pair = TRY(rotate(transaction, *session, *account, policy, access_kid, now));
        if (pair.has_value()) return RefreshOutcome{RefreshStatus::rotated, std::move(pair)};
    }
    // The update matched nothing twice although the row said it would: the session ended in between.
    return RefreshOutcome{RefreshStatus::session_ended, std::nullopt};
}

Result<void> revoke_refresh(Transaction& transaction, const RefreshClaims& presented, const Actor& actor,
                            Timestamp now) {
    const auto session = TRY(transaction.find_session(presented.session_id));
    if (!session.has_value() || session->account_id != presented.subject) return refusal(RefreshStatus::session_ended);
    TRY(end_session(transaction, *session, RevocationReason::session_revoked, actor, now));
    return {};
}

Error refusal(RefreshStatus status) {
    switch (status) {
        case RefreshStatus::superseded:
            return unauthenticated("refresh_superseded",
                                   "This refresh token was replaced a moment ago; use the newest one of the session");
        case RefreshStatus::unknown_counter:
            return unauthenticated("refresh_unknown", "This refresh token is not known here; log in again");
        case RefreshStatus::reused:
            return unauthenticated("refresh_reused",
                                   "This refresh token was used before, so its session has been ended; log in again");
        case RefreshStatus::session_ended:
        case RefreshStatus::rotated:
        case RefreshStatus::repeated: break;
    }
    return unauthenticated("session_ended", "The session has ended; log in again");
}

}  // namespace postern::core

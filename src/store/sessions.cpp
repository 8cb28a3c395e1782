// Statements about sessions.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define SESSION_COLUMNS                                                                                   \
    "id, account_id, client_id, counter, permanent, created_at, last_used_at, idle_time, idle_deadline, " \
    "ends_at, ended_at, end_reason, address, user_agent"

namespace postern::store {
namespace {

core::Session session_from(Row& row) {
    Columns columns(row);
    core::Session session;
    session.id = columns.id<core::SessionId>();
    session.account_id = columns.id<core::AccountId>();
    session.client_id = columns.text();
    session.counter = columns.integer();
    session.permanent = columns.flag();
    session.created_at = columns.time();
    session.last_used_at = columns.time();
    session.idle_time = columns.duration();
    session.idle_deadline = columns.time();
    session.ends_at = columns.time();
    session.ended_at = columns.optional_time();
    session.end_reason = columns.text();
    session.address = columns.text();
    session.user_agent = columns.text();
    return session;
}

}  // namespace

Result<std::optional<core::Session>> SqlTransaction::find_session(const core::SessionId& id) {
    auto outcome = TRY(connection_.execute("SELECT " SESSION_COLUMNS " FROM sessions WHERE id = $1", values(id)));
    if (outcome.rows.empty()) return std::optional<core::Session>();
    return session_from(outcome.rows.front());
}

Result<std::vector<core::Session>> SqlTransaction::list_sessions(const core::AccountId& id, bool ended_too,
                                                                 std::size_t limit) {
    const auto parameters = values(id, static_cast<std::int64_t>(limit));
    auto outcome = TRY(ended_too ? connection_.execute("SELECT " SESSION_COLUMNS
                                                       " FROM sessions WHERE account_id = $1 ORDER BY id DESC LIMIT $2",
                                                       parameters)
                                 : connection_.execute("SELECT " SESSION_COLUMNS
                                                       " FROM sessions WHERE account_id = $1 AND ended_at IS NULL "
                                                       "ORDER BY id DESC LIMIT $2",
                                                       parameters));
    std::vector<core::Session> sessions;
    sessions.reserve(outcome.rows.size());
    for (auto& row : outcome.rows) sessions.push_back(session_from(row));
    return sessions;
}

Result<void> SqlTransaction::insert_session(const core::Session& session) {
    TRY(connection_.execute(
        "INSERT INTO sessions (" SESSION_COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        values(session.id, session.account_id, session.client_id, session.counter, session.permanent,
               session.created_at, session.last_used_at, session.idle_time, session.idle_deadline, session.ends_at,
               session.ended_at, session.end_reason, session.address, session.user_agent)));
    return {};
}

Result<bool> SqlTransaction::advance_session(const core::SessionId& id, std::int64_t expected_counter, Timestamp now,
                                             Timestamp idle_deadline) {
    auto outcome =
        TRY(connection_.execute("UPDATE sessions SET counter = counter + 1, last_used_at = $3, idle_deadline = $4 "
                                "WHERE id = $1 AND counter = $2 AND ended_at IS NULL",
                                values(id, expected_counter, now, idle_deadline)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::end_session(const core::SessionId& id, Timestamp now, core::RevocationReason reason) {
    auto outcome =
        TRY(connection_.execute("UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL",
                                values(id, now, core::word(reason))));
    if (outcome.changed == 0) pending_.revoked_before = true;
    return outcome.changed == 1;
}

Result<std::vector<core::SessionId>> SqlTransaction::end_sessions_of(const core::AccountId& id, Timestamp now,
                                                                     core::RevocationReason reason) {
    auto outcome = TRY(connection_.execute(
        "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE account_id = $1 AND ended_at IS NULL RETURNING id",
        values(id, now, core::word(reason))));
    std::vector<core::SessionId> ended;
    ended.reserve(outcome.rows.size());
    for (auto& row : outcome.rows) ended.push_back(Columns(row).id<core::SessionId>());
    if (ended.empty()) pending_.revoked_before = true;
    return ended;
}

Result<std::size_t> SqlTransaction::end_all_sessions(Timestamp now, core::RevocationReason reason) {
    auto outcome = TRY(connection_.execute("UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE ended_at IS NULL",
                                           values(now, core::word(reason))));
    return static_cast<std::size_t>(outcome.changed);
}

}  // namespace postern::store

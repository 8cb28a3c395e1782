// An administrator sees and ends the sessions of others.
#include "api/admin_account.hpp"
#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/sign_in.hpp"
#include "core/revocation.hpp"
#include "core/sessions.hpp"

namespace postern::api::admin {
namespace {

SessionMessage describe(const core::Session& session, Timestamp now) {
    SessionMessage message{.id = session.id,
                           .account_id = session.account_id,
                           .client_id = session.client_id,
                           .live = core::is_live(session, now),
                           .permanent = session.permanent,
                           .created_at = session.created_at,
                           .last_used_at = session.last_used_at,
                           .idle_deadline = session.idle_deadline,
                           .ends_at = session.ends_at,
                           .ended_at = session.ended_at,
                           .end_reason = std::nullopt,
                           .address = session.address,
                           .user_agent = session.user_agent};
    if (!session.end_reason.empty()) message.end_reason = session.end_reason;
    return message;
}

}  // namespace

FlowResult list_account_sessions(const Service& service, const http::Request& request) {
    const auto query = parse_query<SessionsQuery>(request.query);
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<SessionsList> {
        const SessionsQuery asked = TRY(query);
        const auto account = TRY(account_of_path(reader, request));
        const auto sessions = TRY(reader.list_sessions(account.id, asked.ended, asked.limit.entries));
        SessionsList list;
        for (const core::Session& session : sessions) list.sessions.push_back(describe(session, service.clock.now()));
        return list;
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const SessionsList list = CO_TRY(std::move(found));
    co_return answer(list);
}

Facts describe_list_account_sessions() {
    return {
        .operation_id = "listAccountSessions",
        .summary = "List the sessions of an account",
        .description = "The newest sessions of the account.",
        .credential = Credential::admin_access_token,
        .query = schema_of<SessionsQuery>(),
        .answers = {{200, "Its sessions", schema_of<SessionsList>()}},
    };
}

FlowResult end_account_sessions(const Service& service, const http::Request& request) {
    auto end = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<std::size_t> {
        const auto account = TRY(account_of_path(transaction, request));
        return core::end_sessions_by_operator(transaction, account, actor_of(request, admin), service.clock.now());
    };
    auto ended = co_await write_as_admin(service, request, std::move(end));
    const std::size_t count = CO_TRY(std::move(ended));
    co_return answer(EndedResponse{static_cast<std::int64_t>(count)});
}

Facts describe_end_account_sessions() {
    return {
        .operation_id = "endAccountSessions",
        .summary = "End all sessions of an account",
        .description = "Ends every session of the account and revokes every token of them.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "They have ended", schema_of<EndedResponse>()}},
    };
}

FlowResult show_session(const Service& service, const http::Request& request) {
    auto find = [&](core::Reader& reader, const core::Admin&) -> Result<SessionMessage> {
        const core::SessionId id = TRY(get_path_id<core::SessionId>(request, "session_unknown", "session"));
        const auto session = TRY(reader.find_session(id));
        if (!session) return not_found("session_unknown", "There is no session " + id.text());
        return describe(*session, service.clock.now());
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const SessionMessage message = CO_TRY(std::move(found));
    co_return answer(message);
}

Facts describe_show_session() {
    return {
        .operation_id = "showSession",
        .summary = "Show a session",
        .description = "One session as it stands now.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "The session", schema_of<SessionMessage>()}},
    };
}

FlowResult end_session(const Service& service, const http::Request& request) {
    auto end = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<bool> {
        const core::SessionId id = TRY(get_path_id<core::SessionId>(request, "session_unknown", "session"));
        return core::end_session_by_operator(transaction, id, actor_of(request, admin), service.clock.now());
    };
    auto ended = co_await write_as_admin(service, request, std::move(end));
    const bool lived = CO_TRY(std::move(ended));
    co_return answer(EndedResponse{lived ? 1 : 0});
}

Facts describe_end_session() {
    return {
        .operation_id = "endSession",
        .summary = "End a session",
        .description = "Ends the session and revokes every token of it.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "It has ended, now or before", schema_of<EndedResponse>()}},
    };
}

}  // namespace postern::api::admin

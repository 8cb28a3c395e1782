// GET /sessions, DELETE /sessions/{id}, DELETE /sessions, POST /logout: one's own sessions.
#include "core/own_sessions.hpp"
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/query.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "api/sign_in.hpp"

namespace postern::api {
namespace {

SessionsResponse describe_sessions(const std::vector<core::Session>& sessions, const core::SignedIn& caller) {
    SessionsResponse response;
    for (const core::Session& session : sessions) {
        response.sessions.push_back({.id = session.id,
                                     .current = session.id == caller.session(),
                                     .created_at = session.created_at,
                                     .last_used_at = session.last_used_at,
                                     .address = session.address,
                                     .user_agent = session.user_agent,
                                     .permanent = session.permanent,
                                     .expires_at = std::min(session.idle_deadline, session.ends_at)});
    }
    return response;
}

DocumentedAnswer token_refused() {
    return {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()};
}

DocumentedAnswer malformed() {
    return {400, "The request is malformed", schema_of<ErrorResponse>()};
}

}  // namespace

FlowResult list_sessions(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    auto list = [&](core::Reader& reader) { return core::list_own_sessions(reader, caller, service.clock.now()); };
    auto listed = co_await await_read(service.store, std::move(list));
    const auto sessions = CO_TRY(std::move(listed));
    co_return answer(describe_sessions(sessions, caller));
}

Facts describe_list_sessions() {
    return {.operation_id = "listSessions",
            .summary = "Where am I logged in",
            .description = "The account's live sessions.",
            .credential = Credential::access_token,
            .body = Body::none,
            .request = {},
            .answers = {{200, "The sessions", schema_of<SessionsResponse>()}, malformed(), token_refused()}};
}

FlowResult end_session(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const auto id = path_id<core::SessionId>(request);
    if (!id.has_value()) co_return not_found("session_unknown", "You have no such session, or it has ended already");

    const core::Actor actor = actor_of(request, caller.account());
    auto end = [&](core::Transaction& transaction) {
        return core::end_own_session(transaction, caller, *id, actor, service.clock.now());
    };
    auto ended = co_await await_write(service.store, std::move(end));
    CO_TRY(std::move(ended));
    co_return answer(DoneResponse{"The session has ended"});
}

Facts describe_end_session() {
    return {.operation_id = "endSession",
            .summary = "End one of my sessions",
            .description = "Ends it with every token of it, durably and at once.",
            .credential = Credential::access_token,
            .body = Body::none,
            .request = {},
            .answers = {{200, "The session has ended", schema_of<DoneResponse>()},
                        malformed(),
                        token_refused(),
                        {404, "The account has no such session", schema_of<ErrorResponse>()}}};
}

FlowResult end_other_sessions(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const core::Actor actor = actor_of(request, caller.account());
    auto end = [&](core::Transaction& transaction) {
        return core::end_other_sessions(transaction, caller.account(), caller.session(),
                                        core::RevocationReason::session_revoked, actor, service.clock.now());
    };
    auto ended = co_await await_write(service.store, std::move(end));
    const std::size_t count = CO_TRY(std::move(ended));
    co_return answer(DoneResponse{"Other sessions ended: " + std::to_string(count)});
}

Facts describe_end_other_sessions() {
    return {
        .operation_id = "endOtherSessions",
        .summary = "Log out everywhere else",
        .description =
            "Ends every session of the account but the one that the presented access token belongs to; "
            "that one ends with /logout.",
        .credential = Credential::access_token,
        .body = Body::none,
        .request = {},
        .answers = {{200, "The other sessions have ended", schema_of<DoneResponse>()}, malformed(), token_refused()}};
}

FlowResult log_out(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const core::Actor actor = actor_of(request, caller.account());
    auto end = [&](core::Transaction& transaction) {
        return core::log_out(transaction, caller, actor, service.clock.now());
    };
    auto ended = co_await await_write(service.store, std::move(end));
    CO_TRY(std::move(ended));
    co_return answer(DoneResponse{"Logged out"});
}

Facts describe_log_out() {
    return {.operation_id = "logOut",
            .summary = "Log out",
            .description =
                "Ends the session of the presented access token: neither it nor the refresh token is "
                "accepted afterwards.",
            .credential = Credential::access_token,
            .body = Body::none,
            .request = {},
            .answers = {{200, "The session has ended", schema_of<DoneResponse>()}, malformed(), token_refused()}};
}

}  // namespace postern::api

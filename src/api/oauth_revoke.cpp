// POST /oauth2/revoke (RFC 7009): a token that its holder is done with is refused from now on, durably.
//
// An access token alone, or a refresh token with its session: what DELETE /revoke_access and /revoke_refresh do.
// Holding an account's token is all that it takes, there as here. A client's own token is revoked by that client only.
// A token that is good for nothing already is no error: what its holder wants is so.
#include "api/answer.hpp"
#include "api/messages.hpp"
#include "api/oauth_messages.hpp"
#include "api/oauth_routes.hpp"
#include "api/sign_in.hpp"
#include "core/revocation.hpp"
#include "core/sessions.hpp"

namespace postern::api::oauth {
namespace {

using Caller = std::optional<core::AuthenticatedClient>;

http::Response answer_revoked() {
    http::Response response;
    response.with("Cache-Control", "no-store");
    return response;
}

Result<void> check_owner(const core::AccessClaims& claims, const Caller& caller) {
    if (!claims.is_clients_own()) return {};
    if (!caller.has_value()) return unauthenticated("invalid_client", "A client's own token is revoked by that client");
    if (caller->client().id.bytes == claims.subject.bytes) return {};
    return invalid_input("unauthorized_client", "The token was issued to another client");
}

// Whom it is for is its holder's business, and so is the time: nodes' clocks differ. But what has expired on every node
// may have no list any more that could say so.
FlowResult revoke_access(const Service& service, const http::Request& request, const core::AccessClaims& claims,
                         const Caller& caller) {
    CO_TRY(check_owner(claims, caller));
    if (service.clock.now() > claims.expires_at + limits::clock_leeway) co_return answer_revoked();
    const core::Actor actor = caller.has_value() ? actor_of(request, *caller) : actor_of(request, claims.subject);
    auto revoke = [&](core::Transaction& transaction) {
        return core::revoke_access_token(transaction, claims, actor, service.clock.now());
    };
    auto revoked = co_await await_settled_write(service.store, std::move(revoke));
    CO_TRY(std::move(revoked));
    co_return answer_revoked();
}

FlowResult end_session_of(const Service& service, const http::Request& request, const core::RefreshClaims& claims,
                          const Caller& caller) {
    const core::Actor actor = caller.has_value() ? actor_of(request, *caller) : actor_of(request, claims.subject);
    auto end = [&](core::Transaction& transaction) {
        return core::revoke_refresh(transaction, claims, actor, service.clock.now());
    };
    auto ended = co_await await_write(service.store, std::move(end));
    if (!ended.has_value() && ended.error().code != "session_ended") co_return std::move(ended.error());
    if (!ended.has_value()) {  // on another node, perhaps: its tokens must be refused here too
        auto caught_up = co_await await_catch_up(service.store);
        CO_TRY(std::move(caught_up));
    }
    co_return answer_revoked();
}

}  // namespace

FlowResult revoke(const Service& service, const http::Request& request) {
    const Form form = CO_TRY(read_form(request));
    const Caller caller = CO_TRY(find_client(service, request, form));
    const auto asked = CO_TRY(parse_form<RevocationRequest>(form));
    const std::string_view token = asked.token.reveal();

    // Only a token that nobody of ours has signed is "unknown"; any other trouble is told, or 200 would be a lie.
    auto refresh = co_await read_refresh_token(service, token);
    if (refresh.has_value() && refresh->issuer == service.token_policy.issuer) {
        co_return co_await end_session_of(service, request, *refresh, caller);
    }
    if (!refresh.has_value() && refresh.error().kind != ErrorKind::unauthenticated) {
        co_return std::move(refresh.error());
    }
    auto access = co_await read_access_token(service, token);
    if (access.has_value() && access->issuer == service.token_policy.issuer) {
        co_return co_await revoke_access(service, request, *access, caller);
    }
    if (!access.has_value() && access.error().kind != ErrorKind::unauthenticated) co_return std::move(access.error());
    co_return answer_revoked();
}

Facts describe_revoke() {
    return {
        .operation_id = "revoke",
        .summary = "Revoke a token",
        .description =
            "Makes an access token invalid, or ends the session of a refresh token, durably and at once (RFC 7009). A "
            "token that is invalid or unknown is no error. A client's own token is revoked by that client only.",
        .credential = Credential::client_if_any,
        .body = Body::form,
        .request = schema_of<RevocationRequest>(),
        .answers =
            {
                {200, "The token is good for nothing", {}},
                {400, "The request is malformed, or the token is another client's", schema_of<OAuthErrorResponse>()},
                {401, "The client is unknown or disabled, or its secret is wrong", schema_of<OAuthErrorResponse>()},
            },
    };
}

}  // namespace postern::api::oauth

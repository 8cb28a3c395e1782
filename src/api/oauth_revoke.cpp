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

std::vector<std::string> audience_of(const Service& service, std::string_view token) {
    const auto claims = service.signer.read_access(token);
    return claims.has_value() ? claims->audience : std::vector<std::string>();
}

// Whom it is for is its holder's business. Its key may be so new that the first check has to learn of it.
boost::asio::awaitable<Result<core::Bearer>> check_whoever_it_is_for(const Service& service, std::string_view token) {
    auto audience = audience_of(service, token);
    auto checked = co_await check_token(service, token, &audience);
    if (checked.has_value() || !audience.empty()) co_return std::move(checked);
    audience = audience_of(service, token);
    if (audience.empty()) co_return std::move(checked);
    co_return co_await check_token(service, token, &audience);
}

FlowResult revoke_access(const Service& service, const http::Request& request, const core::Bearer& bearer,
                         const Caller& caller) {
    CO_TRY(check_owner(bearer.claims(), caller));
    const core::Actor actor =
        caller.has_value() ? actor_of(request, *caller) : actor_of(request, bearer.claims().subject);
    auto revoke = [&](core::Transaction& transaction) {
        return core::revoke_access_token(transaction, bearer.claims(), actor, service.clock.now());
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
    co_return answer_revoked();
}

}  // namespace

FlowResult revoke(const Service& service, const http::Request& request) {
    const Form form = CO_TRY(read_form(request));
    const Caller caller = CO_TRY(find_client(service, request, form));
    const auto asked = CO_TRY(parse_form<RevocationRequest>(form));
    const std::string_view token = asked.token.reveal();

    const auto refresh_claims = co_await check_refresh_token(service, token);
    if (refresh_claims.has_value()) co_return co_await end_session_of(service, request, *refresh_claims, caller);
    auto checked = co_await check_whoever_it_is_for(service, token);
    if (checked.has_value()) co_return co_await revoke_access(service, request, *checked, caller);
    if (checked.error().kind == ErrorKind::unauthenticated) co_return answer_revoked();
    co_return std::move(checked.error());
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

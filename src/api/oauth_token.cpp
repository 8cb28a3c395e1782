// POST /oauth2/token (RFC 6749 section 3.2): exchanges a refresh token as POST /refresh does, and gives clients access
// tokens of their own. There are no other grants.
//
// Sessions are opened by the interface's own POST /token, in the name of the configured client_id, which has no secret:
// so no client that has one may exchange a refresh token.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/messages.hpp"
#include "api/oauth_messages.hpp"
#include "api/oauth_routes.hpp"
#include "api/sign_in.hpp"
#include "api/token_pair.hpp"
#include "base/encoding.hpp"
#include "core/client_token.hpp"
#include "core/scopes.hpp"

namespace postern::api::oauth {
namespace {

// RFC 6749 section 5.2: whatever is wrong with a refresh token has one word.
Error as_invalid_grant(Error error) {
    if (error.kind == ErrorKind::unauthenticated) return invalid_input("invalid_grant", std::move(error.message));
    return error;
}

Result<std::optional<std::vector<std::string>>> wanted_scopes(const GrantRequest& asked) {
    if (!asked.scope.has_value()) return std::optional<std::vector<std::string>>();
    return std::optional(TRY(core::split_scope(*asked.scope)));
}

Result<void> check_public_client(const Service& service, const GrantRequest& asked,
                                 const std::optional<core::AuthenticatedClient>& client) {
    if (client.has_value()) return invalid_input("invalid_grant", "The refresh token was issued to another client");
    if (!asked.client_id.has_value() || *asked.client_id == service.token_policy.client_id) return {};
    return unauthenticated("invalid_client", "The client is unknown, or has not shown its secret");
}

FlowResult grant_refresh(const Service& service, const http::Request& request, const Form& form,
                         const GrantRequest& asked) {
    const auto client = CO_TRY(find_client(service, request, form));
    CO_TRY(check_public_client(service, asked, client));
    if (!asked.refresh_token.has_value()) {
        co_return invalid_input("invalid_request", "Parameter \"refresh_token\" is missing");
    }
    const auto scopes = CO_TRY(wanted_scopes(asked)).value_or(std::vector<std::string>());
    auto exchanged = co_await exchange_refresh_token(service, request, asked.refresh_token->reveal(), scopes);
    if (!exchanged.has_value()) co_return as_invalid_grant(std::move(exchanged.error()));
    auto pair = CO_TRY(sign_pair(service, *exchanged));
    GrantResponse response;
    response.access_token = std::move(pair.access_token);
    response.expires_in = pair.expires_in;
    response.refresh_token = std::move(pair.refresh_token);
    const auto& granted = exchanged->pair.access.scopes;
    if (!granted.empty()) response.scope = core::join_words(granted);
    co_return answer(response);
}

Result<core::ClientTokenRequest> read_client_token_request(const GrantRequest& asked) {
    if (asked.resource.has_value() && asked.audience.has_value() && *asked.resource != *asked.audience) {
        return invalid_input("invalid_request", "The resource and the audience differ; send one");
    }
    return core::ClientTokenRequest{.resource = asked.resource.has_value() ? asked.resource : asked.audience,
                                    .scopes = TRY(wanted_scopes(asked))};
}

FlowResult grant_client(const Service& service, const http::Request& request, const Form& form,
                        const GrantRequest& asked) {
    const auto client = CO_TRY(get_client(service, request, form));
    const auto wanted = CO_TRY(read_client_token_request(asked));
    const std::string kid = CO_TRY(service.signer.access_kid());
    const core::Actor actor = actor_of(request, client);
    auto issue = [&](core::Transaction& transaction) {
        return core::issue_client_token(transaction, client, wanted, service.token_policy, kid, actor,
                                        service.clock.now());
    };
    auto issued = co_await await_write(service.store, std::move(issue));
    const core::ClientToken token = CO_TRY(std::move(issued));
    std::string signed_token = CO_TRY(service.signer.sign(token.access, token.access_kid));
    GrantResponse response;
    response.access_token = SecretString::take_from(signed_token);
    response.expires_in = to_seconds(token.access.expires_at) - to_seconds(token.access.issued_at);
    if (!token.access.scopes.empty()) response.scope = core::join_words(token.access.scopes);
    co_return answer(response);
}

}  // namespace

FlowResult grant(const Service& service, const http::Request& request) {
    const Form form = CO_TRY(read_form(request));
    const auto asked = CO_TRY(parse_form<GrantRequest>(form));
    if (asked.grant_type == "refresh_token") co_return co_await grant_refresh(service, request, form, asked);
    if (asked.grant_type == "client_credentials") co_return co_await grant_client(service, request, form, asked);
    co_return invalid_input("unsupported_grant_type", "The grant " + quote_for_message(asked.grant_type) +
                                                          " is none of refresh_token and client_credentials");
}

Facts describe_grant() {
    return {
        .operation_id = "grant",
        .summary = "Get a token",
        .description =
            "Exchanges a refresh token for a new pair, or gives a client an access token of its own (RFC 6749). There "
            "are no other grants: people log in at POST /token of the Authentication API.",
        .credential = Credential::client_if_any,
        .body = Body::form,
        .request = schema_of<GrantRequest>(),
        .answers =
            {
                {200, "The token", schema_of<GrantResponse>()},
                {400, "The request, its refresh token or its scope is not what it should be",
                 schema_of<OAuthErrorResponse>()},
                {401, "The client is unknown or disabled, or its secret is missing or wrong",
                 schema_of<OAuthErrorResponse>()},
                {429,
                 "As many tokens of the client, or of the session, have not expired as it may have; use the newest "
                 "until `Retry-After`. A refresh token stays good.",
                 schema_of<OAuthErrorResponse>()},
            },
    };
}

}  // namespace postern::api::oauth

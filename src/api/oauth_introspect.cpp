// POST /oauth2/introspect (RFC 7662): whether a token is good now, for the API that it was shown to. From memory,
// unless this node must first catch up with the store.
//
// Whatever is not an access token for one of the client's audiences, and good at this moment, is {"active":false} and
// no more: nobody learns from here why, or that there is such a token at all.
#include "api/answer.hpp"
#include "api/messages.hpp"
#include "api/oauth_messages.hpp"
#include "api/oauth_routes.hpp"
#include "api/sign_in.hpp"
#include "core/scopes.hpp"

namespace postern::api::oauth {
namespace {

IntrospectionResponse describe(const core::AccessClaims& claims) {
    IntrospectionResponse response{.active = true,
                                   .scope = std::nullopt,
                                   .client_id = claims.client_id,
                                   .token_type = "Bearer",
                                   .exp = to_seconds(claims.expires_at),
                                   .iat = to_seconds(claims.issued_at),
                                   .sub = claims.subject.text(),
                                   .aud = claims.audience,
                                   .iss = claims.issuer,
                                   .jti = claims.token_id.text(),
                                   .sid = std::nullopt,
                                   .roles = std::nullopt};
    if (!claims.scopes.empty()) response.scope = core::join_words(claims.scopes);
    if (!claims.is_clients_own()) response.sid = claims.session_id.text();
    if (!claims.roles.empty()) response.roles = claims.roles;
    return response;
}

// The account's claims beside ours: none of them has a name of ours (core::is_reserved_claim()).
http::Response answer_active(const core::AccessClaims& claims) {
    std::string body = serialise(describe(claims));
    if (!claims.custom.empty()) {
        body.back() = ',';
        body += std::string_view(claims.custom).substr(1);
    }
    return answer_json(std::move(body));
}

}  // namespace

FlowResult introspect(const Service& service, const http::Request& request) {
    const Form form = CO_TRY(read_form(request));
    const auto client = CO_TRY(get_client(service, request, form));
    const auto asked = CO_TRY(parse_form<IntrospectionRequest>(form));
    auto checked = co_await check_token(service, asked.token.reveal(), &client.client().audiences);
    if (checked.has_value()) co_return answer_active(checked->claims());
    if (checked.error().kind != ErrorKind::unauthenticated) co_return std::move(checked.error());
    co_return answer(IntrospectionResponse());
}

Facts describe_introspect() {
    return {
        .operation_id = "introspect",
        .summary = "Ask about a token",
        .description =
            "Whether an access token for one of the client's audiences is good at this moment (RFC 7662). Of any other "
            "text the answer is that it is not active.",
        .credential = Credential::client,
        .body = Body::form,
        .request = schema_of<IntrospectionRequest>(),
        .answers =
            {
                {200, "What the token says, or that it is not active", schema_of<IntrospectionResponse>()},
                {400, "The request is malformed", schema_of<OAuthErrorResponse>()},
                {401, "The client is unknown or disabled, or its secret is wrong", schema_of<OAuthErrorResponse>()},
            },
    };
}

}  // namespace postern::api::oauth

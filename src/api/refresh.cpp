// POST /refresh: exchanges a refresh token, sent as Bearer or in the body, for a new pair.
#include "api/answer.hpp"
#include "api/bearer.hpp"
#include "api/body.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"
#include "api/token_pair.hpp"

namespace postern::api {
namespace {

Result<SecretString> presented_token(const http::Request& request) {
    RefreshRequest body;
    if (!request.body.empty()) body = TRY(parse_body<RefreshRequest>(request));
    const auto bearer = TRY(find_bearer_token(request));
    // Sending one token in both places is clumsy; sending two leaves open which of them is meant.
    if (bearer.has_value() && body.refresh_token.has_value() && *bearer != body.refresh_token->reveal()) {
        return unauthenticated("two_tokens",
                               "The Authorization header and the field \"refresh_token\" differ; send one");
    }
    if (bearer.has_value()) return SecretString(*bearer);
    if (body.refresh_token.has_value()) return std::move(*body.refresh_token);
    return unauthenticated("missing_authorization",
                           "Missing Authorization header, and no \"refresh_token\" in a JSON body");
}

}  // namespace

FlowResult refresh(const Service& service, const http::Request& request) {
    const SecretString token = CO_TRY(presented_token(request));
    const std::vector<std::string> no_scopes;
    auto exchanged = co_await exchange_refresh_token(service, request, token.reveal(), no_scopes);
    const Issued issued = CO_TRY(std::move(exchanged));
    co_return answer_with_tokens(service, issued);
}

Facts describe_refresh() {
    return {
        .operation_id = "refresh",
        .summary = "Refresh",
        .description =
            "Exchanges a refresh token for a new pair. A refresh token is good once; repeating the request "
            "within a short grace gives the same pair again.",
        .credential = Credential::refresh_token_or_body,
        .body = Body::optional,
        .request = schema_of<RefreshRequest>(),
        .answers =
            {
                {200, "Refreshed", schema_of<LoginResponse>()},
                {400, "The body is not what it should be", schema_of<ErrorResponse>()},
                {401,
                 "The refresh token is missing, invalid, expired or used, its session has ended, or there are two of "
                 "them",
                 schema_of<ErrorResponse>()},
                {429,
                 "`too_many_tokens`: as many access tokens of the session have not expired as it may have; use the "
                 "newest until `Retry-After`. The refresh token stays good.",
                 schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

// POST /refresh: exchanges a refresh token, sent as Bearer or in the body, for a new pair.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/bearer.hpp"
#include "api/body.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"
#include "api/sign_in.hpp"
#include "api/token_pair.hpp"
#include "core/sessions.hpp"

namespace postern::api {
namespace {

struct Refreshed {
    core::RefreshOutcome outcome;
    Timestamp at;
};

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
    const core::RefreshClaims claims = CO_TRY(read_refresh_token(service, token.reveal()));
    const std::string kid = CO_TRY(service.signer.access_kid());
    const core::Actor actor = actor_of(request, claims.subject);

    auto rotate = [&](core::Transaction& transaction) -> Result<Refreshed> {
        const Timestamp now = service.clock.now();
        return Refreshed{TRY(core::refresh_session(transaction, claims, actor, service.token_policy, kid, now)), now};
    };
    auto written = co_await await_write(service.store, std::move(rotate));
    Refreshed refreshed = CO_TRY(std::move(written));
    if (!refreshed.outcome.pair.has_value()) co_return core::refusal(refreshed.outcome.status);
    const Issued issued{std::move(*refreshed.outcome.pair), refreshed.at};
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
            },
    };
}

}  // namespace postern::api

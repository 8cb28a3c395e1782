// DELETE /revoke_access: the presented access token is refused from now on. Its session lives on.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"
#include "api/sign_in.hpp"
#include "core/revocation.hpp"

namespace postern::api {

FlowResult revoke_access(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const core::Actor actor = actor_of(request, caller.account());

    auto revoke = [&](core::Transaction& transaction) {
        return core::revoke_access_token(transaction, caller.claims(), actor, service.clock.now());
    };
    // Two requests that revoke the same token at once are both right: it is revoked, durably.
    auto revoked = co_await await_write(service.store, std::move(revoke));
    CO_TRY(std::move(revoked));
    co_return answer(RevokeResponse{"Access token revoked"});
}

Facts describe_revoke_access() {
    return {
        .operation_id = "revokeAccess",
        .summary = "Revoke the access token",
        .description = "Makes the presented access token invalid, durably and at once. Its session lives on.",
        .credential = Credential::access_token,
        .body = Body::none,
        .request = {},
        .answers =
            {
                {200, "The access token is revoked", schema_of<RevokeResponse>()},
                {400, "The request is malformed", schema_of<ErrorResponse>()},
                {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

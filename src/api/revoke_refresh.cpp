// DELETE /revoke_refresh: ends the session behind the presented refresh token, with all its access tokens.
//
// A genuine token whose session has ended already gets the same answer: what its holder wants is so.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/bearer.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"
#include "api/sign_in.hpp"
#include "core/sessions.hpp"

namespace postern::api {

FlowResult revoke_refresh(const Service& service, const http::Request& request) {
    const std::string_view token = CO_TRY(bearer_token(request));
    auto checked = co_await check_refresh_token(service, token);
    const core::RefreshClaims claims = CO_TRY(std::move(checked));
    const core::Actor actor = actor_of(request, claims.subject);

    auto end = [&](core::Transaction& transaction) {
        return core::revoke_refresh(transaction, claims, actor, service.clock.now());
    };
    auto ended = co_await await_write(service.store, std::move(end));
    CO_TRY(std::move(ended));
    co_return answer(RevokeResponse{"Refresh token revoked"});
}

Facts describe_revoke_refresh() {
    return {
        .operation_id = "revokeRefresh",
        .summary = "Revoke the refresh token",
        .description =
            "Ends the session of the presented refresh token: neither it nor any access token of the "
            "session is accepted afterwards. Ending a session that has ended is no error.",
        .credential = Credential::refresh_token,
        .body = Body::none,
        .request = {},
        .answers =
            {
                {200, "The session has ended", schema_of<RevokeResponse>()},
                {400, "The request is malformed", schema_of<ErrorResponse>()},
                {401, "The refresh token is missing, invalid or expired", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

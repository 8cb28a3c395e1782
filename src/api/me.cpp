// GET /me: who the access token speaks for.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/sign_in.hpp"

namespace postern::api {

FlowResult me(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));

    auto find = [&](core::Reader& reader) { return reader.find_account(caller.account()); };
    auto found = co_await await_read(service.store, std::move(find));
    const auto account = CO_TRY(std::move(found));
    if (!account.has_value()) {
        co_return unauthenticated("invalid_token", "The account of this token no longer exists");
    }
    co_return answer(describe_account(*account, caller));
}

Facts describe_me() {
    return {
        .operation_id = "me",
        .summary = "Who am I",
        .description = "The account that the presented access token speaks for.",
        .credential = Credential::access_token,
        .body = Body::none,
        .request = {},
        .answers =
            {
                {200, "The account", schema_of<MeResponse>()},
                {400, "The request is malformed", schema_of<ErrorResponse>()},
                {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

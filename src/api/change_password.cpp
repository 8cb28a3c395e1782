// POST /password/change: the session that changes it lives on, every other one ends.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "api/sign_in.hpp"
#include "core/password_change.hpp"

namespace postern::api {

FlowResult change_password(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const ChangePasswordRequest body = CO_TRY(parse_body<ChangePasswordRequest>(request));
    auto confirmed = co_await reauthenticate(service, request, caller, body.current_password);
    const core::Reauthenticated who = CO_TRY(std::move(confirmed));

    const core::EmailAddress email{who.account().email_key, who.account().email};
    auto prepared = co_await prepare_new_password(service, http::Turn::first, body.new_password, email);
    const core::NewPassword password = CO_TRY(std::move(prepared));

    const core::Actor actor = actor_of(request, caller.account());
    auto write = [&](core::Transaction& transaction) {
        return core::change_password(transaction, who, password, actor, service.clock.now());
    };
    auto written = co_await await_settled_write(service.store, std::move(write));
    CO_TRY(std::move(written));
    co_return answer(DoneResponse{"The password is changed; every other session has ended"});
}

Facts describe_change_password() {
    return {
        .operation_id = "changePassword",
        .summary = "Change the password",
        .description =
            "Takes the current password too. Every other session ends with its tokens; the one that the "
            "presented access token belongs to lives on.",
        .credential = Credential::access_token,
        .body = Body::required,
        .request = schema_of<ChangePasswordRequest>(),
        .answers =
            {
                {200, "The password is changed", schema_of<DoneResponse>()},
                {400, "The JSON body is wrong, or the new password is refused", schema_of<ErrorResponse>()},
                {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()},
                {403, "The current password is wrong", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

// POST /email/change: asks for another address, with the password. POST /email/confirm: uses the link mailed to it.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "api/sign_in.hpp"
#include "core/email_change.hpp"
#include "http/client_address.hpp"

namespace postern::api {

FlowResult change_email(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const ChangeEmailRequest body = CO_TRY(parse_body<ChangeEmailRequest>(request));
    const core::EmailAddress wanted = CO_TRY(read_email_field(service.text, "new_email", body.new_email));
    CO_TRY(core::check_mail_works(service.account_policy));
    CO_TRY(service.throttle.count_request(http::network_of(request.client_address)));
    auto confirmed = co_await reauthenticate(service, request, caller, body.password);
    const core::Reauthenticated who = CO_TRY(std::move(confirmed));

    const core::Actor actor = actor_of(request, caller.account());
    auto write = [&](core::Transaction& transaction) {
        return core::request_email_change(transaction, service.secrets, who, wanted, service.account_policy, actor,
                                          service.clock.now());
    };
    auto written = co_await await_silent_write(service, std::move(write));
    CO_TRY(std::move(written));
    co_return answer_accepted(DoneResponse{"A mail is on its way to the new address; its link makes the change"});
}

Facts describe_change_email() {
    return {
        .operation_id = "changeEmail",
        .summary = "Ask for another address",
        .description =
            "Takes the password too. A link goes to the new address and a notice to the old one; nothing "
            "changes until the link is used. The answer never tells whether the new address is somebody's.",
        .credential = Credential::access_token,
        .body = Body::required,
        .request = schema_of<ChangeEmailRequest>(),
        .answers =
            {
                {202, "A mail is on its way to the new address", schema_of<DoneResponse>()},
                {400, "The JSON body is wrong, or the address is the account's already", schema_of<ErrorResponse>()},
                {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()},
                {403, "The password is wrong", schema_of<ErrorResponse>()},
            },
    };
}

FlowResult confirm_email(const Service& service, const http::Request& request) {
    const LinkRequest body = CO_TRY(parse_body<LinkRequest>(request));
    auto used = co_await use_link(service, request, body.token, &core::confirm_email_change);
    CO_TRY(std::move(used));
    co_return answer(DoneResponse{"The address is changed; every session has ended"});
}

Facts describe_confirm_email() {
    return {
        .operation_id = "confirmEmail",
        .summary = "Change the address",
        .description =
            "Uses the link that was mailed to the new address. Every session ends: log in with the new "
            "address.",
        .credential = Credential::none,
        .body = Body::required,
        .request = schema_of<LinkRequest>(),
        .answers =
            {
                {200, "The address is changed", schema_of<DoneResponse>()},
                {400, "The JSON body is wrong, or the link is not valid, used or expired", schema_of<ErrorResponse>()},
                {409, "There is an account with the new address by now", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

// POST /password/forgot: asks for a link. POST /password/reset: uses it.
#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "core/password_reset.hpp"

namespace postern::api {

FlowResult forgot_password(const Service& service, const http::Request& request) {
    auto asked = co_await request_mail(service, request, &core::request_password_reset);
    CO_TRY(std::move(asked));
    co_return answer_accepted(DoneResponse{"If there is an account, a mail is on its way to the address"});
}

Facts describe_forgot_password() {
    return {
        .operation_id = "forgotPassword",
        .summary = "Ask for a link that resets the password",
        .description =
            "Mails the link to the account's address. Earlier ones are void. The answer never tells whether "
            "there is such an account.",
        .credential = Credential::none,
        .body = Body::required,
        .request = schema_of<EmailRequest>(),
        .answers =
            {
                {202, "Accepted, whatever becomes of it", schema_of<DoneResponse>()},
                {400, "The JSON body is missing, or a field of it is wrong", schema_of<ErrorResponse>()},
            },
    };
}

FlowResult reset_password(const Service& service, const http::Request& request) {
    const NewPasswordRequest body = CO_TRY(parse_body<NewPasswordRequest>(request));
    auto set =
        co_await set_password_by_link(service, request, body, core::MailPurpose::reset_password, &core::reset_password);
    CO_TRY(std::move(set));
    co_return answer(DoneResponse{"The password is changed; every session has ended"});
}

Facts describe_reset_password() {
    return {
        .operation_id = "resetPassword",
        .summary = "Reset the password",
        .description =
            "Uses a mailed link to set a new password. Everything set up before it ends: every session and "
            "token, and every other link. A password that is refused leaves the link good.",
        .credential = Credential::none,
        .body = Body::required,
        .request = schema_of<NewPasswordRequest>(),
        .answers =
            {
                {200, "The password is changed", schema_of<DoneResponse>()},
                {400, "The JSON body is wrong, the password is refused, or the link is not valid, used or expired",
                 schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

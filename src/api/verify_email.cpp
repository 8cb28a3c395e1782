// POST /email/verify: uses the link of a sign-up. POST /email/verify/resend: asks for a new one.
#include "api/answer.hpp"
#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "core/sign_up.hpp"

namespace postern::api {

FlowResult verify_email(const Service& service, const http::Request& request) {
    const LinkRequest body = CO_TRY(parse_body<LinkRequest>(request));
    auto used = co_await use_link(service, request, body.token, &core::verify_email);
    CO_TRY(std::move(used));
    co_return answer(DoneResponse{"The address is verified"});
}

Facts describe_verify_email() {
    return {
        .operation_id = "verifyEmail",
        .summary = "Verify the address",
        .description =
            "Uses the link that a sign-up was mailed. It confirms that sign-up only: after a repeated one "
            "the earlier link is void.",
        .credential = Credential::none,
        .body = Body::required,
        .request = schema_of<LinkRequest>(),
        .answers =
            {
                {200, "The address is verified", schema_of<DoneResponse>()},
                {400, "The JSON body is wrong, or the link is not valid, used or expired", schema_of<ErrorResponse>()},
            },
    };
}

FlowResult resend_verification(const Service& service, const http::Request& request) {
    auto asked = co_await request_mail(service, request, &core::resend_verification);
    CO_TRY(std::move(asked));
    co_return answer_accepted(DoneResponse{"If an account waits for it, a mail is on its way to the address"});
}

Facts describe_resend_verification() {
    return {
        .operation_id = "resendVerification",
        .summary = "Mail the verification link again",
        .description =
            "Mails a new link to an account whose address is not verified; the earlier one is void. The "
            "answer never tells whether there is such an account.",
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

}  // namespace postern::api

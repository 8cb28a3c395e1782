// POST /invitation/accept: the holder of an invited account chooses its password.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "api/sign_in.hpp"
#include "core/invitation.hpp"

namespace postern::api {

FlowResult accept_invitation(const Service& service, const http::Request& request) {
    const NewPasswordRequest body = CO_TRY(parse_body<NewPasswordRequest>(request));
    auto set = co_await set_password_by_link(service, request, body, core::MailPurpose::accept_invitation,
                                             &core::accept_invitation);
    CO_TRY(std::move(set));
    co_return answer(DoneResponse{"The account is ready; log in with the new password"});
}

Facts describe_accept_invitation() {
    return {
        .operation_id = "acceptInvitation",
        .summary = "Accept an invitation",
        .description =
            "Uses the link of an invitation: the account is activated and gets this password. A password "
            "that is refused leaves the link good.",
        .credential = Credential::none,
        .body = Body::required,
        .request = schema_of<NewPasswordRequest>(),
        .answers =
            {
                {200, "The account is ready", schema_of<DoneResponse>()},
                {400, "The JSON body is wrong, the password is refused, or the link is not valid, used or expired",
                 schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

// POST /signup: a demo account, which may log in once its address is proven.
//
// The same answer after the same steps (one hash, one write) whatever is known of the address: what becomes of it shows
// in the mailbox alone.
#include "core/sign_up.hpp"
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "api/sign_in.hpp"
#include "http/client_address.hpp"

namespace postern::api {

FlowResult sign_up(const Service& service, const http::Request& request) {
    const SignUpRequest body = CO_TRY(parse_body<SignUpRequest>(request));
    core::SignUp wanted{
        .email = CO_TRY(read_email_field(service.text, "email", body.email)), .password = {}, .profile = {}};
    const auto profile = CO_TRY(read_profile(service.text, body.display_name, body.locale));
    wanted.profile = {profile.display_name.value_or(""), profile.locale.value_or("")};
    CO_TRY(core::check_sign_up_open(service.account_policy));
    CO_TRY(service.throttle.count_request(http::network_of(request.client_address)));

    auto prepared = co_await prepare_new_password(service, http::Turn::usual, body.password, wanted.email);
    wanted.password = CO_TRY(std::move(prepared));

    const core::Actor actor = anonymous_actor(request);
    auto write = [&](core::Transaction& transaction) {
        return core::sign_up(transaction, service.secrets, wanted, service.account_policy, actor, service.clock.now());
    };
    auto written = co_await await_silent_write(service, std::move(write));
    CO_TRY(std::move(written));
    co_return answer_accepted(DoneResponse{"A mail is on its way to the address; its link goes on from here"});
}

Facts describe_sign_up() {
    return {
        .operation_id = "signUp",
        .summary = "Sign up",
        .description =
            "Makes a demo account, which can log in once the link that is mailed to its address has been "
            "used. The answer never tells whether the address was known; its mailbox does.",
        .credential = Credential::none,
        .body = Body::required,
        .request = schema_of<SignUpRequest>(),
        .answers =
            {
                {202, "A mail is on its way", schema_of<DoneResponse>()},
                {400, "The JSON body is missing, a field of it is wrong, or the password is refused",
                 schema_of<ErrorResponse>()},
                {403, "Nobody may sign up at this server", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

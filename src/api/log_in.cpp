// POST /token: read the account, check the password on the hash lane, write the session, sign.
//
// Whatever is wrong with the credentials, the way is the same: one read, one hash, one answer, after the same time.
// Only a password that is right leads to the write, or to an answer that says more.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"
#include "api/sign_in.hpp"
#include "api/token_pair.hpp"
#include "api/verify_password.hpp"
#include "core/login.hpp"

namespace postern::api {
namespace {

struct Credentials {
    core::EmailAddress email;
    SecretString password;
    bool permanent = false;
};

Result<Credentials> read_credentials(const core::Text& text, const http::Request& request) {
    auto body = TRY(parse_body<LoginRequest>(request));
    return Credentials{.email = TRY(read_email_field(text, "email", body.email)),
                       .password = std::move(body.password),
                       .permanent = body.permanent_login};
}

}  // namespace

std::optional<http::Response> refuse_stranger(const Service& service, const http::Request& request) {
    const auto room = check_room_for_stranger(service, request);
    if (room.has_value()) return std::nullopt;
    return answer_error(room.error(), request);
}

FlowResult log_in(const Service& service, const http::Request& request) {
    const Credentials credentials = CO_TRY(read_credentials(service.text, request));

    auto outcome = co_await verify_password(service, request, credentials.email.key, credentials.password);
    Verified verified = CO_TRY(std::move(outcome));
    const core::LoginAttempt& attempt = verified.attempt;
    const core::PasswordCheck& check = verified.check;
    auto admitted = core::admit(attempt, check);
    if (!admitted.has_value()) {
        if (check.matches) service.throttle.note_refusal(attempt.account->id, attempt.network, admitted.error().code);
        co_return std::move(admitted.error());
    }

    const std::string kid = CO_TRY(service.signer.access_kid());
    const core::Actor actor = actor_of(request, attempt.account->id);
    auto finish = [&](core::Transaction& transaction) -> Result<Issued> {
        const Timestamp now = service.clock.now();
        return Issued{TRY(core::finish_login(transaction, attempt, check, credentials.permanent, actor,
                                             service.token_policy, kid, now)),
                      now};
    };
    auto written = co_await await_write(service.store, std::move(finish));
    // The account changed twice while it was logging in; the next try will see it standing still.
    if (!written.has_value() && written.error().kind == ErrorKind::conflict) {
        co_return overloaded(std::move(written.error().message));
    }
    const Issued issued = CO_TRY(std::move(written));
    verified.ticket.succeeded();
    http::Response response = CO_TRY(answer_with_tokens(service, issued));
    set_device_cookie(service, *attempt.account, response);
    co_return response;
}

Facts describe_log_in() {
    return {
        .operation_id = "logIn",
        .summary = "Log in",
        .description = "Exchanges an email address and a password for an access token and a refresh token.",
        .credential = Credential::none,
        .body = Body::required,
        .request = schema_of<LoginRequest>(),
        .answers =
            {
                {200, "Logged in", schema_of<LoginResponse>()},
                {400, "The JSON body is missing, or a field of it is wrong", schema_of<ErrorResponse>()},
                {401, "The email or the password is wrong, or the account is not activated",
                 schema_of<ErrorResponse>()},
                {403, "The email of this demo account is not verified yet", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

#include "api/self_service.hpp"

#include "api/await.hpp"
#include "api/body.hpp"
#include "api/sign_in.hpp"
#include "api/verify_password.hpp"
#include "core/mailed_link.hpp"
#include "http/client_address.hpp"
#include "http/lane.hpp"

namespace postern::api {

Result<core::ProfileChange> read_profile(const core::Text& text, const std::optional<std::string>& display_name,
                                         const std::optional<std::string>& locale) {
    core::ProfileChange change;
    if (display_name.has_value()) change.display_name = TRY(core::accept_display_name(text, *display_name));
    if (locale.has_value()) change.locale = TRY(core::accept_locale(*locale));
    return change;
}

boost::asio::awaitable<Result<core::NewPassword>> prepare_new_password(const Service& service, http::Turn turn,
                                                                       const SecretString& password,
                                                                       const core::EmailAddress& email) {
    auto make = [&] {
        return core::make_new_password(service.hasher, service.text, password, email, service.account_policy.passwords);
    };
    co_return co_await service.hash_lane.run(turn, std::move(make));
}

boost::asio::awaitable<Result<core::Account>> set_password_by_link(const Service& service, const http::Request& request,
                                                                   const NewPasswordRequest& body,
                                                                   core::MailPurpose purpose, SetPasswordByLink set) {
    auto open = [&](core::Reader& reader) {
        return core::open_mailed_link(reader, body.token.reveal(), purpose, service.clock.now());
    };
    auto opened = co_await await_read(service.store, std::move(open));
    const core::MailedLink link = CO_TRY(std::move(opened));

    const core::EmailAddress email{link.account.email_key, link.account.email};
    auto prepared = co_await prepare_new_password(service, http::Turn::first, body.password, email);
    const core::NewPassword password = CO_TRY(std::move(prepared));

    const core::Actor actor = anonymous_actor(request);
    auto write = [&](core::Transaction& transaction) {
        return set(transaction, body.token.reveal(), password, actor, service.clock.now());
    };
    auto written = co_await await_settled_write(service.store, std::move(write));
    if (written.has_value()) service.throttle.forget_address(written->email_key);
    co_return std::move(written);
}

boost::asio::awaitable<Result<core::Reauthenticated>> reauthenticate(const Service& service,
                                                                     const http::Request& request,
                                                                     const core::SignedIn& caller,
                                                                     const SecretString& password) {
    auto find = [&](core::Reader& reader) { return core::get_own_account(reader, caller); };
    auto found = co_await await_read(service.store, std::move(find));
    const core::Account account = CO_TRY(std::move(found));

    // By the address, as a login would: the budgets of guesses are shared. A password that is right gives its place
    // back and forgets no failures, since it is no login.
    auto outcome = co_await verify_password(service, request, account.email_key, password);
    const Verified verified = CO_TRY(std::move(outcome));
    co_return core::confirm_password(caller, verified.attempt, verified.check);
}

boost::asio::awaitable<Result<void>> request_mail(const Service& service, const http::Request& request,
                                                  MailRequest step) {
    const EmailRequest body = CO_TRY(parse_body<EmailRequest>(request));
    CO_TRY(service.throttle.count_request(http::network_of(request.client_address)));
    const core::EmailAddress email = CO_TRY(read_email_field(service.text, "email", body.email));
    CO_TRY(core::check_mail_works(service.account_policy));

    const core::Actor actor = anonymous_actor(request);
    auto write = [&](core::Transaction& transaction) {
        return step(transaction, service.secrets, email, service.account_policy, actor, service.clock.now());
    };
    co_return co_await await_silent_write(service, std::move(write));
}

boost::asio::awaitable<Result<core::Account>> use_link(const Service& service, const http::Request& request,
                                                       const SecretString& token, UseLink use) {
    const core::Actor actor = anonymous_actor(request);
    auto write = [&](core::Transaction& transaction) {
        return use(transaction, token.reveal(), actor, service.clock.now());
    };
    co_return co_await await_settled_write(service.store, std::move(write));
}

MeResponse describe_account(const core::Account& account, const core::SignedIn& caller) {
    return {.id = account.id,
            .email = account.email,
            .display_name = account.display_name,
            .locale = account.locale,
            .kind = account.kind,
            .admin = account.admin,
            .roles = account.roles,
            .scopes = account.scopes,
            .email_verified = account.email_verified_at.has_value(),
            .activated = account.activated_at.has_value(),
            .created_at = account.created_at,
            .last_login_at = account.last_login_at,
            .session_id = caller.session()};
}

}  // namespace postern::api

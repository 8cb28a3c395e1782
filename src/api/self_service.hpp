// What the self-service flows share: reading fields, proving a password again, and preparing a new one.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "api/await.hpp"
#include "api/endpoint.hpp"
#include "api/messages.hpp"
#include "api/self_service_messages.hpp"
#include "api/service.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/new_password.hpp"
#include "core/own_account.hpp"
#include "core/profile.hpp"
#include "http/lane.hpp"
#include "http/message.hpp"

namespace postern::api {

// Errors: invalid_input "invalid_display_name", "invalid_locale".
Result<core::ProfileChange> read_profile(const core::Text& text, const std::optional<std::string>& display_name,
                                         const std::optional<std::string>& locale);

// On the hash lane: whether the new password is accepted, and its hash. `turn`: first for those who have proved
// something, a password or a mailed link. Errors: those of core::make_new_password(); overloaded.
boost::asio::awaitable<Result<core::NewPassword>> prepare_new_password(const Service& service, http::Turn turn,
                                                                       const SecretString& password,
                                                                       const core::EmailAddress& email);

// What POST /password/reset and POST /invitation/accept have in common: the link is looked at before a password is
// hashed for it, and used up only with one that is accepted. Errors: invalid_input "invalid_link"; those of
// prepare_new_password().
using SetPasswordByLink = Result<core::Account> (*)(core::Transaction& transaction, std::string_view token,
                                                    const core::NewPassword& password, const core::Actor& actor,
                                                    Timestamp now);
boost::asio::awaitable<Result<core::Account>> set_password_by_link(const Service& service, const http::Request& request,
                                                                   const NewPasswordRequest& body,
                                                                   core::MailPurpose purpose, SetPasswordByLink set);

// Whether `password` is the caller's own, under the same throttle as a login. Errors: those of core::get_own_account(),
// verify_password() and core::confirm_password().
boost::asio::awaitable<Result<core::Reauthenticated>> reauthenticate(const Service& service,
                                                                     const http::Request& request,
                                                                     const core::SignedIn& caller,
                                                                     const SecretString& password);

// A settled write (await.hpp) whose answer must not tell by its time what became of it: it is held back until
// limits::mail_request_time after the beginning, longer than either takes.
template <typename Work>
boost::asio::awaitable<std::invoke_result_t<Work, core::Transaction&>> await_silent_write(const Service& service,
                                                                                          Work work) {
    const auto begin = std::chrono::steady_clock::now();
    auto outcome = co_await await_settled_write(service.store, std::move(work));
    co_await wait_until(begin + limits::mail_request_time);
    co_return std::move(outcome);
}

// What a stranger asks for with nothing but an address, in the body: a link by mail. The same after the same time,
// whatever is known of the address. Errors: those of parse_body(), read_email_field() and core::check_mail_works();
// throttled.
using MailRequest = Result<void> (*)(core::Transaction& transaction, const core::SecretDeriver& secrets,
                                     const core::EmailAddress& email, const core::AccountPolicy& policy,
                                     const core::Actor& actor, Timestamp now);
boost::asio::awaitable<Result<void>> request_mail(const Service& service, const http::Request& request,
                                                  MailRequest step);

// Uses a mailed link up that needs nothing else. Errors: those of `use`; overloaded.
using UseLink = Result<core::Account> (*)(core::Transaction& transaction, std::string_view token,
                                          const core::Actor& actor, Timestamp now);
boost::asio::awaitable<Result<core::Account>> use_link(const Service& service, const http::Request& request,
                                                       const SecretString& token, UseLink use);

MeResponse describe_account(const core::Account& account, const core::SignedIn& caller);

}  // namespace postern::api

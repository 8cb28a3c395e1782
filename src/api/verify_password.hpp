// Checking a password, the only way there is: throttle, read, hash, settle. Whatever route a guess comes by, it counts
// against the same budgets and takes the same time.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>

#include "api/service.hpp"
#include "base/result.hpp"
#include "core/login.hpp"
#include "core/throttle.hpp"
#include "http/message.hpp"

namespace postern::api {

struct Verified {
    core::LoginAttempt attempt;
    core::PasswordCheck check;
    // Of a password that matches: to be told succeeded() after the commit. Settled already otherwise.
    core::Throttle::Ticket ticket;
};

// Before its body is looked at, so that a storm costs little: refuses the request of a stranger for whom there is no
// room on the hash lane. Errors: overloaded.
Result<void> check_room_for_stranger(const Service& service, const http::Request& request);

// A password that is wrong is no error here: check.matches says so, after the time that any failure takes.
// Errors: throttled "too_many_attempts"; overloaded; those of the store. `request` and what else is referred to must
// live until it is done.
boost::asio::awaitable<Result<Verified>> verify_password(const Service& service, const http::Request& request,
                                                         const std::string& email_key, const SecretString& password);

// Gives the browser a device cookie for the account (core/device_cookie.hpp), with an answer to a right password.
// Whatever is no browser ignores it.
void set_device_cookie(const Service& service, const core::Account& account, http::Response& response);

}  // namespace postern::api

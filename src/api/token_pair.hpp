// What a login and a refresh hand out.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/messages.hpp"
#include "api/service.hpp"
#include "base/result.hpp"
#include "core/sessions.hpp"
#include "http/message.hpp"

namespace postern::api {

// What a write step gave out, and the time that it went by.
struct Issued {
    core::TokenPair pair;
    Timestamp at;
};

// Exchanges a refresh token for a new pair, which must be for all of `scopes` at least; none: for whatever it is.
// Errors: those of check_refresh_token() and core::refusal(); invalid_input "invalid_scope", and then nothing is done.
boost::asio::awaitable<Result<Issued>> exchange_refresh_token(const Service& service, const http::Request& request,
                                                              std::string_view token,
                                                              const std::vector<std::string>& scopes);

// Signs both tokens, after the commit. Errors: unavailable, when the key was revoked in between.
Result<LoginResponse> sign_pair(const Service& service, const Issued& issued);
// The same, as the answer.
Result<http::Response> answer_with_tokens(const Service& service, const Issued& issued);

}  // namespace postern::api

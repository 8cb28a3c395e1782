// Who sends a request, for the flows that need to know.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "api/service.hpp"
#include "base/result.hpp"
#include "core/access.hpp"
#include "core/audit.hpp"
#include "http/message.hpp"

namespace postern::api {

// The holder of the request's access token. From memory, unless this node must first catch up with the store.
// Errors: those of bearer_token() and core::AccessChecker::check(); unavailable when catching up fails, because a
// client must not throw a good token away for our trouble.
boost::asio::awaitable<Result<core::SignedIn>> sign_in(const Service& service, const http::Request& request);

// The claims of a refresh token that was presented. Memory only. Errors: unauthenticated "invalid_token",
// "token_expired".
Result<core::RefreshClaims> read_refresh_token(const Service& service, std::string_view token);

// For the audit trail: `account` acts, from the request's address with its user agent in printable ASCII.
core::Actor actor_of(const http::Request& request, const core::AccountId& account);

}  // namespace postern::api

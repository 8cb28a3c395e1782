// The token of an Authorization header: RFC 6750 section 2.1, RFC 9110 section 11.6.2.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "http/message.hpp"

namespace postern::api {

// A view into `request`; nothing when there is no Authorization header. The scheme may be in any case.
// Errors: invalid_input "repeated_authorization" for more than one header; unauthenticated "unsupported_authorization"
// for another scheme, "invalid_token" for what cannot be one token. None of them quotes the header.
Result<std::optional<std::string_view>> find_bearer_token(const http::Request& request);

// The same where a token is needed. Errors: also unauthenticated "missing_authorization".
Result<std::string_view> bearer_token(const http::Request& request);

}  // namespace postern::api

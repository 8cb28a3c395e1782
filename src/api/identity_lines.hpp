// Whose token it is, as the header lines that proxies copy to the API behind them.
#pragma once

#include <string>

#include "core/claims.hpp"

namespace postern::api {

// X-Auth-Subject, -Client, -Session, -Roles, -Scope, -Token-Id and -Expires, each with its CRLF and each always there,
// empty where there is nothing to say: a proxy that copies them overwrites whatever the caller sent under these names.
// Empty when something that the token says cannot stand in a header.
std::string identity_lines(const core::AccessClaims& claims);

}  // namespace postern::api

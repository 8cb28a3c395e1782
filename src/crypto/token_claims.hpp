// Our claims as the JSON of a token's payload (RFC 7519, RFC 9068), and those of refresh tokens back;
// verify/access_claims.hpp reads those of access tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"
#include "core/claims.hpp"

namespace postern::crypto {

std::string write_claims(const core::AccessClaims& claims);
// The jti is "<sid>.<ctr>": a refresh that is retried gets the very same token again.
std::string write_claims(const core::RefreshClaims& claims);
std::string write_claims(const core::StatusListClaims& claims);

// Each with its exact type (verify/claims.hpp). Errors: unauthenticated "invalid_token", naming the claim.
Result<core::RefreshClaims> read_refresh_claims(std::span<const std::uint8_t> payload);

}  // namespace postern::crypto

// Our claims as the JSON of a token's payload, and back (RFC 7519, RFC 9068).
//
// Reading asks of each claim its exact JSON type: an `exp` that is a text, a fraction or 1e400 is an error, never an
// absent one. Claims that are not ours are ignored. Errors: unauthenticated "invalid_token", naming the claim.
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

Result<core::AccessClaims> read_access_claims(std::span<const std::uint8_t> payload);
Result<core::RefreshClaims> read_refresh_claims(std::span<const std::uint8_t> payload);

}  // namespace postern::crypto

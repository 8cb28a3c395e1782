// The claims of an access token as they are read (RFC 9068); crypto/token_claims.hpp writes them.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "core/claims.hpp"

namespace postern::verify {

// Each claim of ours with its exact type; what is not ours is kept as `custom`. An `nbf` (RFC 7519 section 4.1.5),
// which is never ours, counts as the time of issue when it is the later one. Works in memory of `storage`; only what
// the claims themselves hold is allocated. Errors: unauthenticated "invalid_token", naming the claim.
Result<core::AccessClaims> read_access_claims(std::span<const std::uint8_t> payload,
                                              const boost::json::storage_ptr& storage = {});

}  // namespace postern::verify

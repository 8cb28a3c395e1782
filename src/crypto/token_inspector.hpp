// Judges a token of anyone's by a JWK set of anyone's, and says at which step it failed and why.
#pragma once

#include "core/inspection.hpp"

namespace postern::crypto {

// Thread-safe; has no state. Steps, in this order, up to the first that fails:
//   form       a compact JWS (RFC 7515 section 3.1); one line end after the token is forgiven, nothing else
//   header     a JSON object with an `alg` of the allow-list, without crit
//   key        a key of the set that the token's kid and alg allow
//   signature  true under that key
// and with InspectionDepth::claims
//   type       `typ` names a kind of JWT, if anything; the payload is a set of claims of the right JSON types
//   time       exp, nbf and iat (RFC 7519 section 4.1); nbf and iat with limits::clock_leeway
class TokenInspector final : public core::TokenInspector {
public:
    // A set in which no key is of use is no error: the token is rejected at "key", which says why for each key.
    Result<core::Inspection> inspect(std::string_view token, std::string_view jwks, core::InspectionDepth depth,
                                     Timestamp now) const override;
};

}  // namespace postern::crypto

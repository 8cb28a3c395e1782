// What `postern token inspect` finds out about a token from a JWKS, step by step. The port is implemented by
// src/crypto.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/claims.hpp"

namespace postern::core {

struct InspectionStep {
    std::string name;  // "form", "header", "key", "signature", "type", "issuer", "audience", "time", "revocation"
    bool passed = false;
    std::string detail;  // why, with the value; shown to the operator
};

struct Inspection {
    bool accepted = false;  // every step passed
    std::string header;     // the protected header as JSON text; empty when it could not be read
    std::string claims;     // likewise, when the payload is JSON
    std::vector<InspectionStep> steps;
};

enum class InspectionDepth {
    signature,  // the JWS alone, any payload
    claims,     // also that the payload is a set of claims that is valid at `now` (exp, nbf, iat; RFC 7519)
};

class TokenInspector {
public:
    virtual ~TokenInspector() = default;
    // Verifies RS256, PS256, ES256, ES384, ES512 and EdDSA under what the keys of `jwks` allow; rejects whatever RFC
    // 7515, RFC 7518 and RFC 8725 tell it to. A rejection is a value, also when no key of the set is of use.
    // Errors (could not be checked): invalid_input "invalid_jwks" when `jwks` is no JWK set or an empty one.
    virtual Result<Inspection> inspect(std::string_view token, std::string_view jwks, InspectionDepth depth,
                                       Timestamp now) const = 0;
};

}  // namespace postern::core

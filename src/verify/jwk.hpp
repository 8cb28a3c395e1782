// JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037 section 2), read strictly, for verifying only: members of a
// private key are ignored.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "verify/openssl.hpp"
#include "verify/signature_algorithm.hpp"

namespace postern::verify {

struct Jwk {
    EvpKey key;
    KeyShape shape = KeyShape::rsa;
    std::optional<std::string> kid;
    std::optional<std::string> alg;      // as written; the only algorithm that the key may be used with
    std::optional<std::string> purpose;  // as written: our own member `postern_purpose`

    [[nodiscard]] bool allows(SignatureAlgorithm algorithm) const {
        return shape == shape_of(algorithm) && (!alg || *alg == word(algorithm));
    }
};

// Coordinates have exactly the curve's length and lie on it; RSA keys have 2048 to 8192 bits and a sane exponent; `use`
// and `key_ops`, when present, allow verifying. Errors: invalid_input "invalid_jwk", saying which of these it is not.
Result<Jwk> parse_public_jwk(const boost::json::object& jwk);

struct JwkSet {
    std::vector<Jwk> keys;             // that can verify something
    std::vector<std::string> skipped;  // why each of the others cannot
};

// A key that is of an unknown kind, or not good, is skipped (RFC 7517 section 5).
// Errors: invalid_input "invalid_jwks" for a text that is no JWK set at all, or one without keys.
Result<JwkSet> parse_jwk_set(std::string_view text);

}  // namespace postern::verify

// The keys whose signatures are believed, each for one purpose, and what they make of a token: the check that the
// server and the library for C++ share.
//
// Once filled it is immutable, and any number of threads may use it at once.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/claims.hpp"
#include "core/signer.hpp"
#include "verify/openssl.hpp"
#include "verify/signature.hpp"
#include "verify/status_list.hpp"

namespace postern::verify {

class TrustedKeys {
public:
    // The keys of a JWK set that say by `postern_purpose` that they are for access tokens or for status lists; every
    // other key is passed over. One without `alg` is for the usual one of its shape; RSA has none.
    // Errors: invalid_input "invalid_jwks".
    static Result<TrustedKeys> parse(std::string_view jwks);

    // `purpose` is access or status_list. `last_expiry`: when the last of the tokens that it may have signed expires;
    // what claims to live longer was not made by it while it signed. Errors: internal, when OpenSSL refuses the key.
    Result<void> add(core::KeyPurpose purpose, std::string kid, EVP_PKEY& key, SignatureAlgorithm algorithm,
                     std::optional<Timestamp> last_expiry = std::nullopt);

    // Whatever it is for.
    void remove(std::string_view kid);
    // Believes the signature and the form, nothing else (core/signer.hpp says what, and how it fails); RFC 8725: the
    // key is chosen by kid among those for access tokens, the algorithm is the key's. A token longer than
    // limits::token_bytes is refused unread. Allocates nothing but what the claims hold, as long as the token is of
    // usual size; OpenSSL has memory of its own.
    Result<core::AccessClaims> read_access_token(std::string_view token) const;

    // The same, with the text of the payload (JSON).
    Result<core::AccessClaims> read_access_token(std::string_view token, std::string& payload) const;

    // A status list token that was found at `uri`: signature by a key for status lists, typ, and what
    // verify/status_list.hpp asks. Errors: unauthenticated, as there; core::unknown_key_code.
    Result<StatusList> read_status_list(std::string_view token, std::string_view issuer, std::string_view uri,
                                        Timestamp now) const;

private:
    struct Key {
        SignatureVerifier verifier;
        std::optional<Timestamp> last_expiry;
    };
    using Keys = std::map<std::string, Key, std::less<>>;

    Result<core::AccessClaims> read_access(std::string_view token, std::string* payload) const;

    Keys access_;
    Keys status_list_;
};

}  // namespace postern::verify

// Our own signing keys: made, written to bytes that can be sealed, read back, and shown as a JWK.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "crypto/key_memory.hpp"
#include "verify/openssl.hpp"
#include "verify/signature_algorithm.hpp"

namespace postern::crypto {

// RSA keys get 2048 bits: the least that RFC 7518 section 3.3 allows and what SP 800-57 allows to 2030. A token signed
// today is worth nothing in a quarter of an hour, and 3072 bits would triple the price of each signature.
// Errors: internal, when OpenSSL cannot.
Result<verify::EvpKey> generate_key_pair(verify::SignatureAlgorithm algorithm);

// PKCS #8 (RFC 5958), DER. Errors: internal.
Result<KeyBytes> encode_private_key(const EVP_PKEY& key);
// Errors: internal, when the bytes are no private key of the shape of `algorithm`.
Result<verify::EvpKey> decode_private_key(const KeyBytes& der, verify::SignatureAlgorithm algorithm);

// The public half with kid, use and alg, and as `postern_purpose` what it is for, unless that is empty: JSON text.
// `key` has the shape of `algorithm`. Errors: internal.
Result<std::string> write_public_jwk(const EVP_PKEY& key, verify::SignatureAlgorithm algorithm, std::string_view kid,
                                     std::string_view purpose = {});
// RFC 7638, SHA-256, base64url.
Result<std::string> make_thumbprint(const EVP_PKEY& key, verify::KeyShape shape);

}  // namespace postern::crypto

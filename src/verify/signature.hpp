// Signatures of JWS: over a signing input, under a key that knows its one algorithm.
//
// The objects are immutable and may be used by any number of threads at once. Each keeps a prepared context and copies
// it for a call, so that no call looks algorithms up in OpenSSL's providers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "verify/openssl.hpp"
#include "verify/signature_algorithm.hpp"

namespace postern::verify {

class SignatureVerifier {
public:
    // `key` must have the shape of `algorithm`. Errors: internal, when OpenSSL refuses the key.
    static Result<SignatureVerifier> make(EVP_PKEY& key, SignatureAlgorithm algorithm);

    // ECDSA signatures are r || s of exactly the curve's length (RFC 7518 section 3.4), never DER; every signature has
    // exactly the length of its algorithm and key.
    [[nodiscard]] bool verify(std::string_view signing_input, std::span<const std::uint8_t> signature) const;
    [[nodiscard]] SignatureAlgorithm algorithm() const { return algorithm_; }

private:
    SignatureVerifier(EvpDigestContext prepared, SignatureAlgorithm algorithm, std::size_t signature_bytes)
        : prepared_(std::move(prepared)), algorithm_(algorithm), signature_bytes_(signature_bytes) {}

    std::shared_ptr<const EVP_MD_CTX> prepared_;
    SignatureAlgorithm algorithm_;
    std::size_t signature_bytes_;
};

}  // namespace postern::verify

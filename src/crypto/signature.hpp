// Signatures of JWS: over a signing input, under a key that knows its one algorithm.
//
// The objects are immutable and may be used by any number of threads at once. Each keeps a prepared context and copies
// it for a call, so that no call looks algorithms up in OpenSSL's providers.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/openssl.hpp"
#include "crypto/signature_algorithm.hpp"

namespace postern::crypto {

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

    EvpDigestContext prepared_;
    SignatureAlgorithm algorithm_;
    std::size_t signature_bytes_;
};

class SignatureMaker {
public:
    // `key` must hold the private half. Errors: internal, when OpenSSL refuses the key.
    static Result<SignatureMaker> make(EVP_PKEY& key, SignatureAlgorithm algorithm);

    // Errors: internal, when the machine has no randomness or no memory left.
    Result<std::vector<std::uint8_t>> sign(std::string_view signing_input) const;

private:
    SignatureMaker(EvpDigestContext prepared, SignatureAlgorithm algorithm, std::size_t longest)
        : prepared_(std::move(prepared)), algorithm_(algorithm), longest_bytes_(longest) {}

    EvpDigestContext prepared_;
    SignatureAlgorithm algorithm_;
    std::size_t longest_bytes_;
};

// HS256 (RFC 7518 section 3.2) for our own refresh tokens. A type of its own, so that no public key fits in.
class RefreshMac {
public:
    static constexpr std::size_t secret_bytes = 32;
    using Mac = std::array<std::uint8_t, 32>;

    // Errors: internal, for a secret of another length.
    static Result<RefreshMac> make(SecretBytes secret);

    [[nodiscard]] Mac sign(std::string_view signing_input) const;
    // In constant time.
    [[nodiscard]] bool verify(std::string_view signing_input, std::span<const std::uint8_t> mac) const;

private:
    explicit RefreshMac(SecretBytes secret) : secret_(std::move(secret)) {}
    SecretBytes secret_;
};

}  // namespace postern::crypto

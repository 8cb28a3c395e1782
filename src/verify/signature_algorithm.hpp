// The algorithms under which a signature may be believed, and the keys that each of them fits.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace postern::verify {

// RFC 7518 section 3.1 and RFC 8037 section 3.1. An allow-list (RFC 8725 section 3.1): "none" and the HMACs are not
// on it, so that no public key can ever be taken for the secret of one.
enum class SignatureAlgorithm { rs256, ps256, es256, es384, es512, eddsa };

enum class KeyShape { rsa, p256, p384, p521, ed25519 };

inline constexpr std::array<std::pair<SignatureAlgorithm, std::string_view>, 6> signature_algorithm_words = {
    {{SignatureAlgorithm::rs256, "RS256"},
     {SignatureAlgorithm::ps256, "PS256"},
     {SignatureAlgorithm::es256, "ES256"},
     {SignatureAlgorithm::es384, "ES384"},
     {SignatureAlgorithm::es512, "ES512"},
     {SignatureAlgorithm::eddsa, "EdDSA"}}};

constexpr std::string_view word(SignatureAlgorithm algorithm) {
    return signature_algorithm_words[static_cast<std::size_t>(algorithm)].second;
}

// Exact: names of algorithms are case-sensitive (RFC 7515 section 4.1.1).
constexpr std::optional<SignatureAlgorithm> parse_signature_algorithm(std::string_view word) {
    for (const auto& [algorithm, known] : signature_algorithm_words) {
        if (known == word) return algorithm;
    }
    return std::nullopt;
}

constexpr KeyShape shape_of(SignatureAlgorithm algorithm) {
    switch (algorithm) {
        case SignatureAlgorithm::rs256:
        case SignatureAlgorithm::ps256: return KeyShape::rsa;
        case SignatureAlgorithm::es256: return KeyShape::p256;
        case SignatureAlgorithm::es384: return KeyShape::p384;
        case SignatureAlgorithm::es512: return KeyShape::p521;
        case SignatureAlgorithm::eddsa: return KeyShape::ed25519;
    }
    return KeyShape::rsa;  // not reached
}

}  // namespace postern::verify

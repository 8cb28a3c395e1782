// Makes signatures of JWS, which verify/signature.hpp checks: over a signing input, under a key that knows its one
// algorithm. Immutable, and for any number of threads at once; see there for the prepared context.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "verify/openssl.hpp"
#include "verify/signature_algorithm.hpp"

namespace postern::crypto {

class SignatureMaker {
public:
    // `key` must hold the private half. Errors: internal, when OpenSSL refuses the key.
    static Result<SignatureMaker> make(EVP_PKEY& key, verify::SignatureAlgorithm algorithm);

    // Errors: internal, when the machine has no randomness or no memory left.
    Result<std::vector<std::uint8_t>> sign(std::string_view signing_input) const;

private:
    SignatureMaker(verify::EvpDigestContext prepared, verify::SignatureAlgorithm algorithm, std::size_t longest)
        : prepared_(std::move(prepared)), algorithm_(algorithm), longest_bytes_(longest) {}

    std::shared_ptr<const EVP_MD_CTX> prepared_;
    verify::SignatureAlgorithm algorithm_;
    std::size_t longest_bytes_;
};

}  // namespace postern::crypto

// How an algorithm is told to OpenSSL, for those who verify and those who sign.
#pragma once

#include <cstddef>

#include "base/result.hpp"
#include "verify/openssl.hpp"
#include "verify/signature_algorithm.hpp"

namespace postern::verify {

// For EVP_DigestVerifyInit_ex() and EVP_DigestSignInit_ex(); null for EdDSA, which hashes by itself.
const char* digest_name(SignatureAlgorithm algorithm);
// Of one of the two numbers in an ECDSA signature; 0 for the other algorithms.
std::size_t coordinate_bytes(SignatureAlgorithm algorithm);
// The padding of RSA, on the context that the Init above gave; nothing to do for the others. False on failure.
bool set_padding(EVP_PKEY_CTX* context, SignatureAlgorithm algorithm);
Error refused_key(SignatureAlgorithm algorithm);
// Of a prepared context, for one use. It fails only for want of memory, and throws std::bad_alloc then.
EvpDigestContext copy_of(const EVP_MD_CTX& prepared);
// After OpenSSL has failed: throws std::bad_alloc when that was for want of memory, lest a good token be called forged.
void throw_if_out_of_memory();

}  // namespace postern::verify

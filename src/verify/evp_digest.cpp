#include "verify/evp_digest.hpp"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <new>
#include <string>

namespace postern::verify {

const char* digest_name(SignatureAlgorithm algorithm) {
    switch (algorithm) {
        case SignatureAlgorithm::rs256:
        case SignatureAlgorithm::ps256:
        case SignatureAlgorithm::es256: return "SHA256";
        case SignatureAlgorithm::es384: return "SHA384";
        case SignatureAlgorithm::es512: return "SHA512";
        case SignatureAlgorithm::eddsa: return nullptr;
    }
    return nullptr;
}

std::size_t coordinate_bytes(SignatureAlgorithm algorithm) {
    switch (algorithm) {
        case SignatureAlgorithm::es256: return 32;
        case SignatureAlgorithm::es384: return 48;
        case SignatureAlgorithm::es512: return 66;
        default: return 0;
    }
}

// RFC 7518 section 3.5: MGF1 with the same hash, a salt as long as the hash.
bool set_padding(EVP_PKEY_CTX* context, SignatureAlgorithm algorithm) {
    if (algorithm == SignatureAlgorithm::rs256) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
    if (algorithm != SignatureAlgorithm::ps256) return true;
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

Error refused_key(SignatureAlgorithm algorithm) {
    return internal_error("OpenSSL refuses a key for " + std::string(word(algorithm)));
}

EvpDigestContext copy_of(const EVP_MD_CTX& prepared) {
    EvpDigestContext context(EVP_MD_CTX_new());
    if (!context || EVP_MD_CTX_copy_ex(context.get(), &prepared) != 1) throw std::bad_alloc();
    // Used once: OpenSSL need not copy it again to finish. When that copy failed for want of memory, it did not say so.
    EVP_MD_CTX_set_flags(context.get(), EVP_MD_CTX_FLAG_FINALISE);
    return context;
}

void throw_if_out_of_memory() {
    while (const unsigned long error = ERR_get_error()) {
        if (ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE) throw std::bad_alloc();
    }
}

}  // namespace postern::verify

#include "crypto/signature.hpp"

#include <openssl/rsa.h>
#include <sodium.h>

#include <optional>

namespace postern::crypto {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

// EdDSA hashes by itself.
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

// Of one of the two numbers in an ECDSA signature; 0 for the other algorithms.
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

EvpDigestContext copy_of(const EvpDigestContext& prepared) {
    EvpDigestContext context(EVP_MD_CTX_new());
    if (!context || EVP_MD_CTX_copy_ex(context.get(), prepared.get()) != 1) return nullptr;
    return context;
}

std::vector<std::uint8_t> raw_to_der(std::span<const std::uint8_t> raw) {
    const int half = static_cast<int>(raw.size() / 2);
    BigNumber r(BN_bin2bn(raw.data(), half, nullptr));
    BigNumber s(BN_bin2bn(raw.data() + half, half, nullptr));
    EcdsaSignature signature(ECDSA_SIG_new());
    if (!r || !s || !signature) return {};
    ECDSA_SIG_set0(signature.get(), r.release(), s.release());
    const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
    if (size <= 0) return {};
    std::vector<std::uint8_t> der(static_cast<std::size_t>(size));
    std::uint8_t* out = der.data();
    i2d_ECDSA_SIG(signature.get(), &out);
    return der;
}

std::optional<std::vector<std::uint8_t>> der_to_raw(std::span<const std::uint8_t> der, std::size_t half) {
    const std::uint8_t* in = der.data();
    const EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
    std::vector<std::uint8_t> raw(half * 2);
    const int width = static_cast<int>(half);
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), width) != width ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + half, width) != width) {
        return std::nullopt;
    }
    return raw;
}

}  // namespace

Result<SignatureVerifier> SignatureVerifier::make(EVP_PKEY& key, SignatureAlgorithm algorithm) {
    const ErrorQueueScope errors;
    EvpDigestContext prepared(EVP_MD_CTX_new());
    EVP_PKEY_CTX* padding = nullptr;  // belongs to `prepared`
    if (!prepared ||
        EVP_DigestVerifyInit_ex(prepared.get(), &padding, digest_name(algorithm), nullptr, nullptr, &key, nullptr) !=
            1 ||
        !set_padding(padding, algorithm)) {
        return refused_key(algorithm);
    }
    const std::size_t half = coordinate_bytes(algorithm);
    const std::size_t bytes = half != 0 ? half * 2 : static_cast<std::size_t>(EVP_PKEY_get_size(&key));
    return SignatureVerifier(std::move(prepared), algorithm, bytes);
}

bool SignatureVerifier::verify(std::string_view signing_input, std::span<const std::uint8_t> signature) const {
    if (signature.size() != signature_bytes_) return false;
    const ErrorQueueScope errors;
    std::vector<std::uint8_t> der;
    if (coordinate_bytes(algorithm_) != 0) {
        der = raw_to_der(signature);
        if (der.empty()) return false;
        signature = der;
    }
    const auto context = copy_of(prepared_);
    return context && EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes_of(signing_input),
                                       signing_input.size()) == 1;
}

Result<SignatureMaker> SignatureMaker::make(EVP_PKEY& key, SignatureAlgorithm algorithm) {
    const ErrorQueueScope errors;
    EvpDigestContext prepared(EVP_MD_CTX_new());
    EVP_PKEY_CTX* padding = nullptr;  // belongs to `prepared`
    if (!prepared ||
        EVP_DigestSignInit_ex(prepared.get(), &padding, digest_name(algorithm), nullptr, nullptr, &key, nullptr) != 1 ||
        !set_padding(padding, algorithm)) {
        return refused_key(algorithm);
    }
    return SignatureMaker(std::move(prepared), algorithm, static_cast<std::size_t>(EVP_PKEY_get_size(&key)));
}

Result<std::vector<std::uint8_t>> SignatureMaker::sign(std::string_view signing_input) const {
    const ErrorQueueScope errors;
    const auto failed = [&] { return internal_error("OpenSSL could not sign with " + std::string(word(algorithm_))); };
    const auto context = copy_of(prepared_);
    std::vector<std::uint8_t> signature(longest_bytes_);
    std::size_t size = signature.size();
    if (!context ||
        EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(signing_input), signing_input.size()) != 1) {
        return failed();
    }
    signature.resize(size);
    const std::size_t half = coordinate_bytes(algorithm_);
    if (half == 0) return signature;
    auto raw = der_to_raw(signature, half);
    if (!raw) return failed();
    return std::move(*raw);
}

Result<RefreshMac> RefreshMac::make(SecretBytes secret) {
    if (secret.size() != secret_bytes) return internal_error("A refresh key does not have 32 bytes");
    return RefreshMac(std::move(secret));
}

RefreshMac::Mac RefreshMac::sign(std::string_view signing_input) const {
    static_assert(crypto_auth_hmacsha256_KEYBYTES == secret_bytes && crypto_auth_hmacsha256_BYTES == sizeof(Mac));
    Mac mac{};
    crypto_auth_hmacsha256(mac.data(), bytes_of(signing_input), signing_input.size(), secret_.data());
    return mac;
}

bool RefreshMac::verify(std::string_view signing_input, std::span<const std::uint8_t> mac) const {
    return mac.size() == sizeof(Mac) && crypto_auth_hmacsha256_verify(mac.data(), bytes_of(signing_input),
                                                                      signing_input.size(), secret_.data()) == 0;
}

}  // namespace postern::crypto

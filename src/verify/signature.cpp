#include "verify/signature.hpp"

#include "verify/evp_digest.hpp"
namespace postern::verify {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
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

}  // namespace postern::verify

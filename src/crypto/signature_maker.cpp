#include "crypto/signature_maker.hpp"

#include <optional>
#include <span>
#include <string>

#include "verify/evp_digest.hpp"

namespace postern::crypto {
namespace {

std::optional<std::vector<std::uint8_t>> der_to_raw(std::span<const std::uint8_t> der, std::size_t half) {
    const std::uint8_t* in = der.data();
    const verify::EcdsaSignature signature(d2i_ECDSA_SIG(nullptr, &in, static_cast<long>(der.size())));
    std::vector<std::uint8_t> raw(half * 2);
    const int width = static_cast<int>(half);
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), raw.data(), width) != width ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), raw.data() + half, width) != width) {
        return std::nullopt;
    }
    return raw;
}

}  // namespace

Result<SignatureMaker> SignatureMaker::make(EVP_PKEY& key, verify::SignatureAlgorithm algorithm) {
    const verify::ErrorQueueScope errors;
    verify::EvpDigestContext prepared(EVP_MD_CTX_new());
    EVP_PKEY_CTX* padding = nullptr;  // belongs to `prepared`
    if (!prepared ||
        EVP_DigestSignInit_ex(prepared.get(), &padding, verify::digest_name(algorithm), nullptr, nullptr, &key,
                              nullptr) != 1 ||
        !verify::set_padding(padding, algorithm)) {
        return verify::refused_key(algorithm);
    }
    return SignatureMaker(std::move(prepared), algorithm, static_cast<std::size_t>(EVP_PKEY_get_size(&key)));
}

Result<std::vector<std::uint8_t>> SignatureMaker::sign(std::string_view signing_input) const {
    const verify::ErrorQueueScope errors;
    const auto failed = [&] { return internal_error("OpenSSL could not sign with " + std::string(word(algorithm_))); };
    const auto context = verify::copy_of(*prepared_);
    std::vector<std::uint8_t> signature(longest_bytes_);
    std::size_t size = signature.size();
    if (EVP_DigestSign(context.get(), signature.data(), &size,
                       reinterpret_cast<const std::uint8_t*>(signing_input.data()), signing_input.size()) != 1) {
        verify::throw_if_out_of_memory();
        return failed();
    }
    signature.resize(size);
    const std::size_t half = verify::coordinate_bytes(algorithm_);
    if (half == 0) return signature;
    auto raw = der_to_raw(signature, half);
    if (!raw) return failed();
    return std::move(*raw);
}

}  // namespace postern::crypto

#include "verify/signature.hpp"

#include <array>

#include "verify/evp_digest.hpp"
namespace postern::verify {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

// ECDSA-Sig-Value (RFC 3279 section 2.2.3) of a signature as JWS has it; for ES512 it is the longest, with 139 bytes.
class DerSignature {
public:
    explicit DerSignature(std::span<const std::uint8_t> raw) {
        const auto half = raw.size() / 2;
        const std::size_t size = integer_size(raw.first(half)) + integer_size(raw.subspan(half));
        put(0x30);
        if (size > 127) put(0x81);
        put(size);
        put_integer(raw.first(half));
        put_integer(raw.subspan(half));
    }

    [[nodiscard]] std::span<const std::uint8_t> bytes() const { return std::span(bytes_).first(size_); }

private:
    void put(std::size_t byte) { bytes_.at(size_++) = static_cast<std::uint8_t>(byte); }

    static std::span<const std::uint8_t> without_zeroes(std::span<const std::uint8_t> number) {
        while (number.size() > 1 && number.front() == 0) number = number.subspan(1);
        return number;
    }
    // A leading zero byte keeps a number from being read as a negative one.
    static bool needs_zero(std::span<const std::uint8_t> number) { return number.front() >= 0x80; }
    static std::size_t integer_size(std::span<const std::uint8_t> number) {
        number = without_zeroes(number);
        return 2 + (needs_zero(number) ? 1 : 0) + number.size();
    }
    void put_integer(std::span<const std::uint8_t> number) {
        put(0x02);
        put(integer_size(number) - 2);
        number = without_zeroes(number);
        if (needs_zero(number)) put(0);
        for (const std::uint8_t byte : number) put(byte);
    }

    std::array<std::uint8_t, 144> bytes_{};
    std::size_t size_ = 0;
};

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
    const auto context = copy_of(*prepared_);
    const auto is_true = [&](std::span<const std::uint8_t> bytes) {
        const int outcome =
            EVP_DigestVerify(context.get(), bytes.data(), bytes.size(), bytes_of(signing_input), signing_input.size());
        if (outcome != 1) throw_if_out_of_memory();
        return outcome == 1;
    };
    return coordinate_bytes(algorithm_) != 0 ? is_true(DerSignature(signature).bytes()) : is_true(signature);
}

}  // namespace postern::verify

#include "crypto/refresh_mac.hpp"

#include <sodium.h>

namespace postern::crypto {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

}  // namespace

Result<RefreshMac> RefreshMac::make(KeyBytes secret) {
    if (secret.size() != secret_bytes) return internal_error("A refresh key does not have 32 bytes");
    return RefreshMac(std::move(secret));
}

RefreshMac::Mac RefreshMac::sign(std::string_view signing_input) const {
    static_assert(crypto_auth_hmacsha256_KEYBYTES == secret_bytes && crypto_auth_hmacsha256_BYTES == sizeof(Mac));
    Mac mac{};
    crypto_auth_hmacsha256(mac.data(), bytes_of(signing_input), signing_input.size(), secret_->data());
    return mac;
}

bool RefreshMac::verify(std::string_view signing_input, std::span<const std::uint8_t> mac) const {
    return mac.size() == sizeof(Mac) && crypto_auth_hmacsha256_verify(mac.data(), bytes_of(signing_input),
                                                                      signing_input.size(), secret_->data()) == 0;
}

}  // namespace postern::crypto

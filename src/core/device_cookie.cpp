#include "core/device_cookie.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/encoding.hpp"
#include "base/random.hpp"

namespace postern::core {
namespace {

constexpr std::string_view derivation_context = "device cookie";
constexpr std::uint8_t current_version = 1;
constexpr std::size_t head_bytes = 1 + 16;  // version and nonce
constexpr std::size_t mac_bytes = 32;
constexpr std::size_t text_bytes = (head_bytes + mac_bytes) * 4 / 3 + 1;

Result<SecretBytes> mac_of(const SecretDeriver& secrets, std::span<const std::uint8_t> head,
                           std::string_view email_key) {
    std::vector<std::uint8_t> bound(head.begin(), head.end());
    bound.insert(bound.end(), email_key.begin(), email_key.end());
    return secrets.derive(derivation_context, bound);
}

}  // namespace

Result<std::string> make_device_cookie(const SecretDeriver& secrets, std::string_view email_key) {
    std::vector<std::uint8_t> value(head_bytes);
    fill_random(value);
    value.front() = current_version;
    const SecretBytes mac = TRY(mac_of(secrets, value, email_key));
    value.insert(value.end(), mac.begin(), mac.end());
    return encode_base64url(value);
}

std::optional<Digest> read_device_cookie(const SecretDeriver& secrets, std::string_view email_key,
                                         std::string_view value) {
    if (value.size() > text_bytes) return std::nullopt;
    const auto bytes = decode_base64url(value);
    if (!bytes || bytes->size() != head_bytes + mac_bytes || bytes->front() != current_version) return std::nullopt;
    const std::span<const std::uint8_t> whole(*bytes);
    const auto mac = mac_of(secrets, whole.first(head_bytes), email_key);
    if (!mac.has_value() || !equal_in_constant_time(*mac, whole.subspan(head_bytes))) return std::nullopt;
    return digest({reinterpret_cast<const char*>(bytes->data()), head_bytes});
}

}  // namespace postern::core

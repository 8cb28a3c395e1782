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
constexpr std::size_t nonce_bytes = 16;
constexpr std::size_t account_at = 1 + nonce_bytes;
constexpr std::size_t security_version_at = account_at + sizeof(UuidBytes);
constexpr std::size_t head_bytes = security_version_at + sizeof(std::int64_t);
constexpr std::size_t mac_bytes = 32;
constexpr std::size_t text_bytes = (head_bytes + mac_bytes) * 4 / 3 + 1;

Result<SecretBytes> mac_of(const SecretDeriver& secrets, std::span<const std::uint8_t> head,
                           std::string_view email_key) {
    std::vector<std::uint8_t> bound(head.begin(), head.end());
    bound.insert(bound.end(), email_key.begin(), email_key.end());
    return secrets.derive(derivation_context, bound);
}

}  // namespace

Result<std::string> make_device_cookie(const SecretDeriver& secrets, const Account& account) {
    std::vector<std::uint8_t> value(head_bytes);
    const std::span<std::uint8_t> head(value);
    head.front() = current_version;
    fill_random(head.subspan(1, nonce_bytes));
    std::ranges::copy(account.id.bytes, head.subspan(account_at).begin());
    auto version = static_cast<std::uint64_t>(account.security_version);
    for (std::size_t i = head_bytes; i > security_version_at; --i, version >>= 8U) {
        head[i - 1] = static_cast<std::uint8_t>(version & 0xffU);
    }
    const SecretBytes mac = TRY(mac_of(secrets, value, account.email_key));
    value.insert(value.end(), mac.begin(), mac.end());
    return encode_base64url(value);
}

std::optional<Device> read_device_cookie(const SecretDeriver& secrets, std::string_view email_key,
                                         std::string_view value) {
    if (value.size() > text_bytes) return std::nullopt;
    const auto bytes = decode_base64url(value);
    if (!bytes || bytes->size() != head_bytes + mac_bytes || bytes->front() != current_version) return std::nullopt;
    const std::span<const std::uint8_t> whole(*bytes);
    const auto mac = mac_of(secrets, whole.first(head_bytes), email_key);
    if (!mac.has_value() || !equal_in_constant_time(*mac, whole.subspan(head_bytes))) return std::nullopt;
    Device device{.key = digest({reinterpret_cast<const char*>(bytes->data()), head_bytes}), .account = {}};
    std::copy_n(bytes->begin() + account_at, sizeof(UuidBytes), device.account.bytes.begin());
    std::uint64_t version = 0;
    for (std::size_t i = security_version_at; i < head_bytes; ++i) version = version << 8U | (*bytes)[i];
    device.security_version = static_cast<std::int64_t>(version);
    return device;
}

}  // namespace postern::core

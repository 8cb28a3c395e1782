#include "base/encoding.hpp"

#include <sodium.h>

namespace postern {

std::string encode_base64url(std::span<const std::uint8_t> bytes) {
    constexpr int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
    std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), variant);
    text.pop_back();  // the terminating NUL that libsodium counts
    return text;
}

std::string encode_base64url(std::string_view bytes) {
    return encode_base64url(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::optional<std::vector<std::uint8_t>> decode_base64url(std::string_view text) {
    std::vector<std::uint8_t> bytes(text.size() / 4 * 3 + 3);
    std::size_t length = 0;
    const char* end = nullptr;
    const int failed = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, &end,
                                         sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    if (failed != 0 || end != text.data() + text.size()) return std::nullopt;
    bytes.resize(length);
    return bytes;
}

std::string encode_hex(std::span<const std::uint8_t> bytes) {
    std::string text(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back();
    return text;
}

std::string quote_for_message(std::string_view text) {
    constexpr std::size_t longest = 40;
    std::string quoted = "\"";
    for (const char c : text.substr(0, longest)) {
        const bool printable = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
        quoted.push_back(printable ? c : '?');
    }
    quoted += text.size() > longest ? "…\"" : "\"";
    return quoted;
}

}  // namespace postern

#include "base/encoding.hpp"

#include <sodium.h>

#include <array>
#include <charconv>

namespace postern {
namespace {

constexpr std::string_view base64url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t not_base64url = 0xff;

constexpr std::array<std::uint8_t, 256> base64url_values = [] {
    std::array<std::uint8_t, 256> values{};
    values.fill(not_base64url);
    for (std::size_t i = 0; i < base64url_alphabet.size(); ++i) {
        values[static_cast<unsigned char>(base64url_alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}();

}  // namespace

// By a table, here and in the other direction: every token passes here, and libsodium's functions cost five times as
// much for running in constant time. Texts that are secret are decoded where they are read (crypto/master_key.cpp).
std::string encode_base64url(std::span<const std::uint8_t> bytes) {
    std::string text;
    text.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t bits = 0;
    unsigned held = 0;  // how many of `bits` are not yet written
    const auto append = [&](unsigned left) { text.push_back(base64url_alphabet[(bits >> left) & 0x3fU]); };
    for (const std::uint8_t byte : bytes) {
        bits = (bits << 8U) | byte;
        for (held += 8; held >= 6; held -= 6) append(held - 6);
    }
    if (held > 0) {
        bits <<= 6 - held;
        append(0);
    }
    return text;
}

std::string encode_base64url(std::string_view bytes) {
    return encode_base64url(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

std::optional<std::size_t> decode_base64url(std::string_view text, std::span<std::uint8_t> out) {
    if (text.size() % 4 == 1) return std::nullopt;
    std::uint32_t bits = 0;
    unsigned held = 0;  // how many of `bits` are not yet written
    std::size_t written = 0;
    for (const char c : text) {
        const std::uint8_t value = base64url_values[static_cast<unsigned char>(c)];
        if (value == not_base64url) return std::nullopt;
        bits = (bits << 6U) | value;
        held += 6;
        if (held < 8) continue;
        held -= 8;
        out[written++] = static_cast<std::uint8_t>(bits >> held);
    }
    if ((bits & ((1U << held) - 1U)) != 0) return std::nullopt;
    return written;
}

std::optional<std::vector<std::uint8_t>> decode_base64url(std::string_view text) {
    std::vector<std::uint8_t> bytes(text.size() / 4 * 3 + 3);
    const auto size = decode_base64url(text, bytes);
    if (!size) return std::nullopt;
    bytes.resize(*size);
    return bytes;
}

std::optional<SecretString> decode_base64_secret(std::string_view text) {
    SecretBytes bytes(text.size() / 4 * 3 + 3);
    std::size_t size = 0;
    const int failed = sodium_base642bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr,
                                         sodium_base64_VARIANT_ORIGINAL);
    if (failed != 0) return std::nullopt;
    return SecretString(std::string_view(reinterpret_cast<const char*>(bytes.data()), size));
}

std::optional<std::string> decode_form(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned char byte = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (digits.size() != 2 || error != std::errc() || end != digits.data() + 2) return std::nullopt;
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

std::string encode_hex(std::span<const std::uint8_t> bytes) {
    std::string text(bytes.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), bytes.data(), bytes.size());
    text.pop_back();
    return text;
}

std::string printable_ascii(std::string_view text, std::size_t most) {
    std::string printable(text.substr(0, most));
    for (char& c : printable) c = c >= ' ' && c <= '~' ? c : '?';
    return printable;
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

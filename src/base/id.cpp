#include "base/id.hpp"

#include <algorithm>
#include <span>

#include "base/random.hpp"

namespace postern {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::array<std::size_t, 4> dash_positions = {8, 13, 18, 23};
constexpr std::size_t uuid_text_length = 36;

bool is_dash_position(std::size_t position) {
    return std::ranges::find(dash_positions, position) != dash_positions.end();
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

UuidBytes make_uuid_v7(Timestamp now) {
    UuidBytes bytes;
    fill_random(std::span(bytes));
    const auto milliseconds = static_cast<std::uint64_t>(to_milliseconds(now));
    for (std::size_t i = 0; i < 6; ++i) bytes[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (5 - i)));
    bytes[6] = static_cast<std::uint8_t>(0x70U | (bytes[6] & 0x0fU));
    bytes[8] = static_cast<std::uint8_t>(0x80U | (bytes[8] & 0x3fU));
    return bytes;
}

std::string format_uuid(const UuidBytes& bytes) {
    std::string text;
    text.reserve(uuid_text_length);
    for (const std::uint8_t byte : bytes) {
        if (is_dash_position(text.size())) text.push_back('-');
        text.push_back(hex_digits[byte >> 4U]);
        text.push_back(hex_digits[byte & 0x0fU]);
    }
    return text;
}

std::optional<UuidBytes> parse_uuid(std::string_view text) {
    if (text.size() != uuid_text_length) return std::nullopt;
    UuidBytes bytes{};
    std::size_t digit = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_dash_position(i)) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const int value = hex_value(text[i]);
        if (value < 0) return std::nullopt;
        auto& byte = bytes[digit / 2];
        byte = static_cast<std::uint8_t>((byte << 4U) | static_cast<unsigned>(value));
        ++digit;
    }
    return bytes;
}

}  // namespace postern

// The pieces that the texts of password hashes are made of.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern::crypto {

// Reads a text from the front. A piece that is not there is left unread.
class TextReader {
public:
    explicit TextReader(std::string_view text) : rest_(text) {}

    bool take(std::string_view expected);
    // Decimal digits, up to the next other character.
    std::optional<std::uint64_t> take_number();
    // What stands before the next `end`, which is dropped; everything, when there is none.
    std::string_view take_until(char end);
    // The next `count` bytes, or as many as there are.
    std::string_view take_bytes(std::size_t count);
    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

// RFC 4648 section 4, without padding: what the PHC format calls B64.
std::string encode_base64(std::span<const std::uint8_t> bytes);
// With or without padding. Nothing for what is not base64.
std::optional<std::vector<std::uint8_t>> decode_base64(std::string_view text);
// In either case.
std::optional<std::vector<std::uint8_t>> decode_hex(std::string_view text);

inline std::vector<std::uint8_t> bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

}  // namespace postern::crypto

// base64url without padding (RFC 4648 section 5, RFC 7515 section 2), lower-case hex, the encoding of forms; and how to
// quote a stranger.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace postern {

std::string encode_base64url(std::span<const std::uint8_t> bytes);
std::string encode_base64url(std::string_view bytes);
// Strict: no padding, no white space, no other alphabet, no stray bits after the last byte; nothing otherwise.
std::optional<std::vector<std::uint8_t>> decode_base64url(std::string_view text);
// The same into `out`, which has room for 3 bytes of every 4 characters begun; how many bytes it came to.
std::optional<std::size_t> decode_base64url(std::string_view text, std::span<std::uint8_t> out);

// Plain base64 with padding (RFC 4648 section 4), of a secret: in constant time for its length. Strict like the above.
std::optional<SecretString> decode_base64_secret(std::string_view text);

// A name or a value of application/x-www-form-urlencoded: + is a space, %xx a byte. Nothing for a percent sign without
// two hexadecimal digits.
std::optional<std::string> decode_form(std::string_view text);

std::string encode_hex(std::span<const std::uint8_t> bytes);

// The first `most` bytes of a stranger's text as printable ASCII: whatever is not becomes a question mark.
std::string printable_ascii(std::string_view text, std::size_t most);

// A stranger's text in double quotes, fit for an error message: printable ASCII only, cut after 40 bytes.
std::string quote_for_message(std::string_view text);

}  // namespace postern

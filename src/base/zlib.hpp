// zlib data (RFC 1950) and gzip (RFC 1952), in memory. Thread-safe: nothing is kept between calls.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace postern {

// Errors: invalid_input "invalid_zlib", when it is anything but one complete zlib stream with the right checksum, or
// comes to more than `most_bytes`: no more than that is ever written or kept.
Result<std::vector<std::uint8_t>> inflate_zlib(std::span<const std::uint8_t> packed, std::size_t most_bytes);

// `level`: 1, quick, to 9, small; zlib's own choice otherwise.
std::vector<std::uint8_t> deflate_zlib(std::span<const std::uint8_t> bytes, int level = -1);

// One member, without name and time: the same for the same text.
std::string gzip(std::string_view text);

}  // namespace postern

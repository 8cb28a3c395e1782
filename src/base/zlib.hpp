// zlib data (RFC 1950), in memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"

namespace postern {

// Errors: invalid_input "invalid_zlib", when it is anything but one complete zlib stream with the right checksum, or
// comes to more than `most_bytes`: no more than that is ever written or kept.
Result<std::vector<std::uint8_t>> inflate_zlib(std::span<const std::uint8_t> packed, std::size_t most_bytes);

// `level`: 1, quick, to 9, small.
std::vector<std::uint8_t> deflate_zlib(std::span<const std::uint8_t> bytes, int level);

}  // namespace postern

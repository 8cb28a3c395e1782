// Compressed bytes: zlib data (RFC 1950) and gzip (RFC 1952). Thread-safe: nothing is kept between calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace postern {

// At zlib's default level.
std::vector<std::uint8_t> deflate_zlib(std::span<const std::uint8_t> bytes);

// Takes no more memory than `most_bytes` and what `bytes` themselves have, whatever they claim to be.
// Errors: invalid_input "invalid_zlib" when they are not one whole zlib stream and nothing else, or hold more than
// `most_bytes`.
Result<std::vector<std::uint8_t>> inflate_zlib(std::span<const std::uint8_t> bytes, std::size_t most_bytes);

// One member, without name and time: the same for the same text.
std::string gzip(std::string_view text);

}  // namespace postern

// A collision-resistant fingerprint of a text, for keys of in-memory maps. BLAKE2b-256 (RFC 7693).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace postern {

using Digest = std::array<std::uint8_t, 32>;

Digest digest(std::string_view text);

}  // namespace postern

// A collision-resistant fingerprint of a text, for keys of in-memory maps. BLAKE2b-256 (RFC 7693).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern {

using Digest = std::array<std::uint8_t, 32>;

Digest digest(std::string_view text);

// The same of a text that comes in pieces.
class GrowingDigest {
public:
    GrowingDigest();
    void add(std::string_view piece);
    // Ends it; nothing may be added after.
    Digest finish();

private:
    alignas(64) std::array<std::byte, 384> state_;
};

}  // namespace postern

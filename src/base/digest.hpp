// Short names for texts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace postern {

using Digest = std::array<std::uint8_t, 32>;

// Collision-resistant, and the same everywhere: BLAKE2b-256 (RFC 7693).
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

// A fingerprint for one table in memory, in a third of the time: SipHash-2-4 with 128 bits (Aumasson and Bernstein,
// 2012) under a random key of the table's own. Two texts that meet cannot be found without that key, which never leaves
// it.
using Fingerprint = std::array<std::uint8_t, 16>;

class Fingerprints {
public:
    Fingerprints();
    [[nodiscard]] Fingerprint of(std::string_view text) const;

private:
    std::array<std::uint8_t, 16> key_;
};

}  // namespace postern

// Random bytes from the operating system, through libsodium. Thread-safe.
#pragma once

#include <cstdint>
#include <span>

namespace postern {

// Call it once, before any thread starts: libsodium then picks its fastest code and opens its source of randomness.
// False when this machine has none.
[[nodiscard]] bool prepare_random();

void fill_random(std::span<std::uint8_t> out);

}  // namespace postern

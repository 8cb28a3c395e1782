// Random bytes from the operating system, through libsodium. Thread-safe.
#pragma once

#include <cstdint>
#include <span>

namespace postern {

void fill_random(std::span<std::uint8_t> out);

}  // namespace postern

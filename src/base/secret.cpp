#include "base/secret.hpp"

#include <sodium.h>

namespace postern {

void wipe(void* memory, std::size_t size) noexcept {
    sodium_memzero(memory, size);
}

bool equal_in_constant_time(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace postern

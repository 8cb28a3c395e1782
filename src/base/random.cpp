#include "base/random.hpp"

#include <sodium.h>

namespace postern {

bool prepare_random() {
    return sodium_init() >= 0;
}

void fill_random(std::span<std::uint8_t> out) {
    randombytes_buf(out.data(), out.size());
}

}  // namespace postern

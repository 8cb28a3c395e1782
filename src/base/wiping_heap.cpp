#include "base/wiping_heap.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "base/secret.hpp"

namespace postern {

void wiping_free(void* memory) noexcept {
    if (memory == nullptr) return;
    wipe(memory, malloc_usable_size(memory));
    std::free(memory);
}

void* wiping_realloc(void* memory, std::size_t size) noexcept {
    void* moved = std::malloc(size);
    if (moved == nullptr || memory == nullptr) return moved;
    std::memcpy(moved, memory, std::min(size, malloc_usable_size(memory)));
    wiping_free(memory);
    return moved;
}

}  // namespace postern

// malloc's companions that overwrite what they give back, for libraries that let their memory functions be chosen.
#pragma once

#include <cstddef>

namespace postern {

void wiping_free(void* memory) noexcept;
// As realloc, but never in place.
void* wiping_realloc(void* memory, std::size_t size) noexcept;

}  // namespace postern

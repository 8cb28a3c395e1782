// Whatever C++ frees in this program is overwritten first. Passwords and tokens live in memory that wipes itself
// (base/secret.hpp); this is for what they pass through on the way and nobody owns: texts of mails, frames of
// coroutines, the strings that a library makes. Part of the program alone, so that a test program under a sanitizer, or
// whoever links a room, keeps its own.
#include <new>

#include "base/wiping_heap.hpp"

#ifndef POSTERN_SANITIZER

// The forms that the standard library does not itself hand on to these are all here ([new.delete.single]); what they
// free came from malloc or aligned_alloc, since the standard library's own operators new are used.
// NOLINTBEGIN(misc-new-delete-overloads)
void operator delete(void* memory) noexcept {
    postern::wiping_free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    postern::wiping_free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    postern::wiping_free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    postern::wiping_free(memory);
}
// NOLINTEND(misc-new-delete-overloads)

#endif

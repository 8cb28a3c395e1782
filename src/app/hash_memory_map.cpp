// Puts libsodium's Argon2 to work in memory of ours (crypto/hash_memory.hpp says what for): libsodium has no function
// to give it any, but it asks the C library for it by name, and a name that the program has goes before the library's.
// Whatever is not such memory goes on to the kernel. Part of the program alone, as wiping_delete.cpp is.
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crypto/hash_memory.hpp"

#ifndef POSTERN_SANITIZER

namespace {

// As libsodium asks for what Argon2 works in, and nobody else here: filled in at once, and large.
bool is_for_hash(const void* address, std::size_t size, int flags) {
    constexpr int wanted = MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE;
    return address == nullptr && (flags & wanted) == wanted && size >= postern::crypto::HashMemory::size_least;
}

}  // namespace

extern "C" void* mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset) noexcept {
    if (is_for_hash(address, size, flags)) {
        void* memory = postern::crypto::hash_memory().lend(size);
        return memory != nullptr ? memory : MAP_FAILED;
    }
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it is how the call says it
    return reinterpret_cast<void*>(syscall(SYS_mmap, address, size, protection, flags, file, offset));
}

extern "C" int munmap(void* address, std::size_t size) noexcept {
    if (postern::crypto::hash_memory().take_back(address, size)) return 0;
    return static_cast<int>(syscall(SYS_munmap, address, size));
}

#endif

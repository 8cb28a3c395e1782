// The memory that Argon2 works in: asked of the kernel in huge pages, and kept from one hash to the next while more of
// them come.
//
// Argon2id jumps through 19 MiB at random. In pages of 4 KiB a third of its time goes to the kernel, which must clear
// and map 4,864 of them for each hash, and to the processor, which must look each of them up (docs/performance.md has
// the figures). libsodium takes its memory by mmap and gives it back by munmap; the program hands those to this
// (app/hash_memory_map.cpp).
//
// What is kept is left out of core dumps. Thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>

namespace postern::crypto {

class HashMemory {
public:
    // What is given back less often than this is not worth keeping.
    static constexpr std::size_t size_least = 4UL * 1024 * 1024;

    // `size` bytes, with what the hash before left in them or with zeroes; nullptr, with errno, when there is no
    // memory.
    void* lend(std::size_t size);
    // False when `memory` is not of ours, or too much is kept already: then it is the caller's to unmap.
    bool take_back(void* memory, std::size_t size);
    // Gives the kernel what is not lent.
    void release();
    [[nodiscard]] std::size_t kept_bytes();

private:
    // One for each hash at a time; more than that many workers work all the same, without keeping.
    static constexpr std::size_t regions_most = 64;
    struct Region {
        void* memory = nullptr;  // nothing: a free place
        std::size_t size = 0;
        bool lent = false;
    };
    void release_kept();  // under the mutex

    std::mutex mutex_;
    std::array<Region, regions_most> regions_{};
};

// The process's own.
HashMemory& hash_memory();

}  // namespace postern::crypto

// Where key material lies: OpenSSL's secure heap, which is locked into memory, left out of every core dump, wiped when
// it is freed, and between guard pages. OpenSSL keeps the private halves of its own keys there too.
#pragma once

#include <openssl/crypto.h>

#include <cstdint>
#include <new>
#include <vector>

namespace postern::crypto {

// Before anything of OpenSSL's is used: from now on OpenSSL overwrites whatever it frees, also outside that heap, where
// the encoded form of a key passes on its way in.
void wipe_what_openssl_frees();

// Before the first key is read; may be called once. `connections` over TLS each need room for a key of their own.
// False when the kernel refuses to lock so much: keys may then be swapped out, and everything else goes on. Without the
// call, keys lie in ordinary memory, which is wiped all the same.
bool lock_key_memory(std::size_t connections);

template <typename T>
struct KeyAllocator {
    using value_type = T;
    KeyAllocator() = default;
    template <typename U>
    explicit(false) KeyAllocator(const KeyAllocator<U>&) noexcept {}
    T* allocate(std::size_t count) {
        if (void* memory = OPENSSL_secure_malloc(count * sizeof(T))) return static_cast<T*>(memory);
        throw std::bad_alloc();
    }
    void deallocate(T* memory, std::size_t count) noexcept { OPENSSL_secure_clear_free(memory, count * sizeof(T)); }
    bool operator==(const KeyAllocator&) const noexcept { return true; }
};

using KeyBytes = std::vector<std::uint8_t, KeyAllocator<std::uint8_t>>;

}  // namespace postern::crypto

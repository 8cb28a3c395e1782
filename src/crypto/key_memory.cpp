#include "crypto/key_memory.hpp"

#include <bit>
#include <cstdlib>

#include "base/wiping_heap.hpp"

namespace postern::crypto {
namespace {

// A key takes up to 1 KiB (RSA), and there are a few of each purpose, twice while they are read again.
constexpr std::size_t key_bytes = 256UL * 1024;
// The ephemeral key of a TLS handshake stays with its connection: 32 bytes of X25519, 66 of P-521, in powers of two.
constexpr std::size_t key_bytes_of_connection = 128;
constexpr std::size_t smallest_block = 32;

void* plain_malloc(std::size_t size, const char*, int) {
    return std::malloc(size);
}
void* wiping_move(void* memory, std::size_t size, const char*, int) {
    return wiping_realloc(memory, size);
}
void wiping_drop(void* memory, const char*, int) {
    wiping_free(memory);
}

}  // namespace

void wipe_what_openssl_frees() {
    CRYPTO_set_mem_functions(plain_malloc, wiping_move, wiping_drop);
}

bool lock_key_memory(std::size_t connections) {
    // OpenSSL wants powers of two. 2: it is there, and not locked.
    return CRYPTO_secure_malloc_init(std::bit_ceil(key_bytes + connections * key_bytes_of_connection),
                                     smallest_block) == 1;
}

}  // namespace postern::crypto

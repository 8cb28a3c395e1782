// With no memory left, a good signature must not be called a forged one: a client that is told so throws its token
// away.
#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <cstdlib>
#include <new>

#include "base/json.hpp"
#include "verify/jwk.hpp"
#include "verify/jws.hpp"
#include "verify/signature.hpp"
#include "verify/test_vectors.hpp"

namespace postern::verify {
namespace {

constexpr int never = -1;
// How many more allocations of OpenSSL's succeed on this thread.
thread_local int left = never;

bool is_refused() {
    if (left > 0) --left;
    return left == 0;
}

void* allocate(std::size_t size, const char*, int) {
    return is_refused() ? nullptr : std::malloc(size);
}
void* reallocate(void* memory, std::size_t size, const char*, int) {
    return is_refused() ? nullptr : std::realloc(memory, size);
}
void release(void* memory, const char*, int) {
    std::free(memory);
}

// OpenSSL takes them only before its first allocation, so before main().
const bool taken = CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;

TEST(NoMemory, NeverMakesAForgeryOfAGoodSignature) {
    ASSERT_TRUE(taken);
    for (const auto& vector : vectors::all) {
        // For the others OpenSSL 3.0 does not always say what it lacked.
        if (vector.algorithm != "ES256" && vector.algorithm != "RS256") continue;
        const auto jwk = parse_public_jwk(parse_json(vector.key)->get_object());
        const auto verifier = SignatureVerifier::make(*jwk->key, *parse_signature_algorithm(vector.algorithm));
        const auto parts = split_jws(vector.token);
        ASSERT_TRUE(verifier->verify(parts->signing_input, parts->signature));
        int refusals = 0;
        for (bool believed = false; !believed; ++refusals) {
            left = refusals + 1;
            try {
                believed = verifier->verify(parts->signing_input, parts->signature);
                const bool ran_out = left == 0;
                left = never;
                ASSERT_TRUE(believed) << vector.algorithm << ", allocation " << refusals + 1;
                if (ran_out) believed = false;  // it could do without
            } catch (const std::bad_alloc&) {
                left = never;
            }
        }
        EXPECT_GT(refusals, 1) << vector.algorithm;
        EXPECT_EQ(ERR_peek_error(), 0U) << "nothing stays in OpenSSL's queue";
    }
}

}  // namespace
}  // namespace postern::verify

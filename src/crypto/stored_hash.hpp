// The canonical texts of password hashes (core/imported_hash.hpp), taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/hash_recipe.hpp"

namespace postern::crypto {

using Recipe = std::variant<Pbkdf2Recipe, ScryptRecipe, BcryptRecipe, Argon2Recipe>;

std::string text_of(const Recipe& recipe);
std::string scheme_of(const Recipe& recipe);
Result<void> check(const Recipe& recipe);
Result<SecretBytes> compute(const Recipe& recipe, std::string_view password);

// A recipe and the digest that the right password gives.
struct PlainHash {
    Recipe recipe;
    std::vector<std::uint8_t> digest;
};
// Errors: invalid_input "unknown_hash_scheme", "invalid_hash", "hash_too_costly".
Result<PlainHash> read_plain_hash(std::string_view text);
std::string text_of(const PlainHash& hash);

// Argon2id (version 19, one lane) over a digest that is not kept.
struct WrappedHash {
    static constexpr std::size_t salt_bytes = 16;
    static constexpr std::size_t digest_bytes = 32;
    std::uint64_t memory_kib = 0;
    std::uint64_t iterations = 0;
    std::vector<std::uint8_t> salt;
    std::vector<std::uint8_t> digest;
    Recipe inner;
};
bool is_wrapped(std::string_view text);
// Errors: the same.
Result<WrappedHash> read_wrapped_hash(std::string_view text);
std::string text_of(const WrappedHash& hash);
std::string scheme_of(const WrappedHash& hash);

}  // namespace postern::crypto

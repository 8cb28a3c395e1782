// How a digest is computed from a password, for every scheme that is read here: its parameters and its salt.
//
// Each family has a file of its own (pbkdf2_recipe.cpp, scrypt_recipe.cpp, bcrypt_recipe.cpp, argon2_recipe.cpp) with
// the same five functions:
//
//   read_…    the recipe at the front of a canonical text (core/imported_hash.hpp); nothing when it is of another
//             scheme or badly formed. Stands before the digest then.
//   text_of   the canonical text up to the digest.
//   scheme_of kind and cost in a word, as Hasher::scheme() says them.
//   check     Errors: invalid_input "invalid_hash", "hash_too_costly" (limits::imported_hash_*).
//   compute   the digest of a password under a recipe that check() has passed; a password that the scheme cannot take
//             whole gives one that nothing equals, at the same price. Errors: unavailable, when the memory cannot be
//             had.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "crypto/hash_text.hpp"

namespace postern::crypto {

// RFC 8018 section 5.2.
struct Pbkdf2Recipe {
    enum class Digest { sha1, sha256, sha512 };
    Digest digest = Digest::sha256;
    std::uint64_t iterations = 0;
    std::vector<std::uint8_t> salt;
    std::size_t length = 0;  // bytes of the digest that is kept
};
std::optional<Pbkdf2Recipe::Digest> parse_pbkdf2_digest(std::string_view word);  // sha1, sha256, sha512
std::optional<Pbkdf2Recipe> read_pbkdf2(TextReader& text);
std::string text_of(const Pbkdf2Recipe& recipe);
std::string scheme_of(const Pbkdf2Recipe& recipe);
Result<void> check(const Pbkdf2Recipe& recipe);
Result<SecretBytes> compute(const Pbkdf2Recipe& recipe, std::string_view password);

// RFC 7914.
struct ScryptRecipe {
    std::uint64_t log_n = 0;
    std::uint64_t r = 0;
    std::uint64_t p = 0;
    std::vector<std::uint8_t> salt;
    std::size_t length = 0;
};
std::optional<ScryptRecipe> read_scrypt(TextReader& text);
std::string text_of(const ScryptRecipe& recipe);
std::string scheme_of(const ScryptRecipe& recipe);
Result<void> check(const ScryptRecipe& recipe);
Result<SecretBytes> compute(const ScryptRecipe& recipe, std::string_view password);

// Its digest is the text that ends a bcrypt hash, 31 characters. A password of more than 72 bytes, or with a NUL in it,
// would be cut off there; here it fits no hash.
struct BcryptRecipe {
    static constexpr std::size_t digest_characters = 31;
    static constexpr std::string_view alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    bool of_sha256 = false;  // Django's: of the password's SHA-256 in hexadecimal
    char revision = 'b';     // a, b, y: as it was written; all are computed alike
    std::uint64_t cost = 0;  // the logarithm
    std::string salt;        // 22 characters
    std::size_t length = digest_characters;
};
std::optional<BcryptRecipe> read_bcrypt(TextReader& text);
std::string text_of(const BcryptRecipe& recipe);
std::string scheme_of(const BcryptRecipe& recipe);
Result<void> check(const BcryptRecipe& recipe);
Result<SecretBytes> compute(const BcryptRecipe& recipe, std::string_view password);

// RFC 9106, and its version 1.0.
struct Argon2Recipe {
    enum class Variant { d, i, id };
    Variant variant = Variant::id;
    std::uint64_t version = 19;
    std::uint64_t memory_kib = 0;
    std::uint64_t iterations = 0;
    std::uint64_t lanes = 1;
    std::vector<std::uint8_t> salt;
    std::size_t length = 0;
};
std::optional<Argon2Recipe> read_argon2(TextReader& text);
std::string text_of(const Argon2Recipe& recipe);
std::string scheme_of(const Argon2Recipe& recipe);
Result<void> check(const Argon2Recipe& recipe);
Result<SecretBytes> compute(const Argon2Recipe& recipe, std::string_view password);

// What a family's check() says. `scheme` and `reason` are ours, never a part of the hash.
Error invalid_hash(std::string_view scheme, const std::string& reason);
Error hash_too_costly(std::string_view scheme, const std::string& reason);
// Salts and digests that are too short to be any good, or too long to be one.
Result<void> check_sizes(std::string_view scheme, std::size_t salt_bytes, std::size_t digest_bytes);
Error out_of_memory(std::uint64_t kib);

}  // namespace postern::crypto

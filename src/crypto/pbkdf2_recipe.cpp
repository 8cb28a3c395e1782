#include <array>

#include "base/limits.hpp"
#include "crypto/hash_recipe.hpp"
#include "verify/openssl.hpp"

namespace postern::crypto {
namespace {

struct DigestFacts {
    Pbkdf2Recipe::Digest digest;
    std::string_view word;
    std::size_t bytes;
    const EVP_MD* (*make)();
};

constexpr std::array<DigestFacts, 3> digests = {{{Pbkdf2Recipe::Digest::sha1, "sha1", 20, EVP_sha1},
                                                 {Pbkdf2Recipe::Digest::sha256, "sha256", 32, EVP_sha256},
                                                 {Pbkdf2Recipe::Digest::sha512, "sha512", 64, EVP_sha512}}};

const DigestFacts& facts_of(const Pbkdf2Recipe& recipe) {
    return digests[static_cast<std::size_t>(recipe.digest)];
}

std::string name_of(const Pbkdf2Recipe& recipe) {
    return "pbkdf2-" + std::string(facts_of(recipe).word);
}

// Each block of the digest costs all the iterations.
std::size_t blocks_of(const Pbkdf2Recipe& recipe) {
    return (recipe.length + facts_of(recipe).bytes - 1) / facts_of(recipe).bytes;
}

}  // namespace

std::optional<Pbkdf2Recipe::Digest> parse_pbkdf2_digest(std::string_view word) {
    for (const auto& facts : digests) {
        if (facts.word == word) return facts.digest;
    }
    return std::nullopt;
}

std::optional<Pbkdf2Recipe> read_pbkdf2(TextReader& text) {
    if (!text.take("$pbkdf2-")) return std::nullopt;
    const auto digest = parse_pbkdf2_digest(text.take_until('$'));
    if (!digest || !text.take("i=")) return std::nullopt;
    const auto iterations = text.take_number();
    if (!iterations || !text.take("$")) return std::nullopt;
    auto salt = decode_base64(text.take_until('$'));
    if (!salt) return std::nullopt;
    return Pbkdf2Recipe{*digest, *iterations, std::move(*salt)};
}

std::string text_of(const Pbkdf2Recipe& recipe) {
    return "$" + name_of(recipe) + "$i=" + std::to_string(recipe.iterations) + "$" + encode_base64(recipe.salt);
}

std::string scheme_of(const Pbkdf2Recipe& recipe) {
    const std::string blocks = blocks_of(recipe) > 1 ? ",blocks=" + std::to_string(blocks_of(recipe)) : "";
    return name_of(recipe) + ":" + std::to_string(recipe.iterations) + blocks;
}

Result<void> check(const Pbkdf2Recipe& recipe) {
    const std::string name = name_of(recipe);
    TRY(check_sizes(name, recipe.salt.size(), recipe.length));
    if (recipe.iterations == 0) return invalid_hash(name, "has no iterations");
    if (recipe.iterations > limits::imported_hash_pbkdf2_iterations / blocks_of(recipe)) {
        return hash_too_costly(name, "takes " + std::to_string(recipe.iterations) + " iterations for each of " +
                                         std::to_string(blocks_of(recipe)) + " blocks, more than " +
                                         std::to_string(limits::imported_hash_pbkdf2_iterations) + " in all");
    }
    return {};
}

Result<SecretBytes> compute(const Pbkdf2Recipe& recipe, std::string_view password) {
    const verify::ErrorQueueScope errors;
    SecretBytes digest(recipe.length);
    const char* bytes = password.empty() ? "" : password.data();
    if (PKCS5_PBKDF2_HMAC(bytes, static_cast<int>(password.size()), recipe.salt.data(),
                          static_cast<int>(recipe.salt.size()), static_cast<int>(recipe.iterations),
                          facts_of(recipe).make(), static_cast<int>(digest.size()), digest.data()) != 1) {
        return internal_error("OpenSSL could not compute " + name_of(recipe));
    }
    return digest;
}

}  // namespace postern::crypto

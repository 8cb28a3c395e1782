#include "crypto/stored_hash.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/limits.hpp"

namespace postern::crypto {
namespace {

constexpr std::string_view wrapped_prefix = "$wrapped$";

// What an operator may have meant. Only words from here are ever told back: the front of a text that is no hash of ours
// may be a digest.
constexpr std::array<std::string_view, 26> unreadable_schemes = {"1",
                                                                 "2x",
                                                                 "5",
                                                                 "6",
                                                                 "7",
                                                                 "y",
                                                                 "gy",
                                                                 "md5",
                                                                 "apr1",
                                                                 "sha1",
                                                                 "sha256",
                                                                 "sha512",
                                                                 "sha256_crypt",
                                                                 "sha512_crypt",
                                                                 "crypt",
                                                                 "plain",
                                                                 "md4",
                                                                 "nt",
                                                                 "unsalted_md5",
                                                                 "unsalted_sha1",
                                                                 "P",
                                                                 "H",
                                                                 "S",
                                                                 "fbscrypt",
                                                                 "yescrypt",
                                                                 "pbkdf2_sha512"};

Error unknown_scheme(std::string_view text) {
    TextReader reader(text);
    reader.take("$");
    const std::string_view front = reader.rest().substr(0, reader.rest().find_first_of("$:"));
    const bool known =
        front.size() < reader.rest().size() && std::ranges::find(unreadable_schemes, front) != unreadable_schemes.end();
    return invalid_input("unknown_hash_scheme",
                         known ? "Hashes of the scheme \"" + std::string(front) + "\" cannot be read here"
                               : "The text is no password hash of a scheme that is known here");
}

struct SchemePrefix {
    std::string_view prefix;
    std::string_view name;
};
constexpr std::array<SchemePrefix, 8> canonical_prefixes = {{{"$argon2", "argon2"},
                                                             {"$2a$", "bcrypt"},
                                                             {"$2b$", "bcrypt"},
                                                             {"$2y$", "bcrypt"},
                                                             {"$bcrypt-sha256$", "bcrypt-sha256"},
                                                             {"$pbkdf2-", "pbkdf2"},
                                                             {"$scrypt$", "scrypt"},
                                                             {wrapped_prefix, "wrapped"}}};

Error unreadable(std::string_view text) {
    for (const auto& [prefix, name] : canonical_prefixes) {
        if (text.starts_with(prefix)) return invalid_hash(name, "is damaged: its parts are not what they should be");
    }
    return unknown_scheme(text);
}

std::optional<Recipe> read_recipe(TextReader& text) {
    const TextReader start = text;
    if (auto recipe = read_argon2(text)) return std::move(*recipe);
    text = start;
    if (auto recipe = read_bcrypt(text)) return std::move(*recipe);
    text = start;
    if (auto recipe = read_pbkdf2(text)) return std::move(*recipe);
    text = start;
    if (auto recipe = read_scrypt(text)) return std::move(*recipe);
    return std::nullopt;
}

void set_length(Recipe& recipe, std::size_t bytes) {
    std::visit([bytes](auto& known) { known.length = bytes; }, recipe);
}

bool is_bcrypt(const Recipe& recipe) {
    return std::holds_alternative<BcryptRecipe>(recipe);
}

std::optional<std::vector<std::uint8_t>> read_digest(const Recipe& recipe, std::string_view text) {
    if (!is_bcrypt(recipe)) return decode_base64(text);
    if (text.find_first_not_of(BcryptRecipe::alphabet) != std::string_view::npos) return std::nullopt;
    return bytes_of(text);
}

struct OuterCost {
    std::uint64_t memory_kib;
    std::uint64_t iterations;
};

std::optional<OuterCost> read_outer_cost(TextReader& text) {
    if (!text.take("m=")) return std::nullopt;
    const auto memory = text.take_number();
    if (!memory || !text.take(",t=")) return std::nullopt;
    const auto iterations = text.take_number();
    if (!iterations || !text.take(",p=1$")) return std::nullopt;
    if (*memory < 8 || *memory > limits::hash_memory_mib_most * 1024 || *iterations == 0 ||
        *iterations > limits::hash_iterations_most) {
        return std::nullopt;
    }
    return OuterCost{*memory, *iterations};
}

}  // namespace

std::string text_of(const Recipe& recipe) {
    return std::visit([](const auto& known) { return text_of(known); }, recipe);
}

std::string scheme_of(const Recipe& recipe) {
    return std::visit([](const auto& known) { return scheme_of(known); }, recipe);
}

Result<void> check(const Recipe& recipe) {
    return std::visit([](const auto& known) { return check(known); }, recipe);
}

Result<SecretBytes> compute(const Recipe& recipe, std::string_view password) {
    return std::visit([password](const auto& known) { return compute(known, password); }, recipe);
}

Result<PlainHash> read_plain_hash(std::string_view text) {
    if (text.size() > limits::imported_hash_text_bytes) return unreadable(text);
    TextReader reader(text);
    auto recipe = read_recipe(reader);
    if (!recipe) return unreadable(text);
    auto digest = read_digest(*recipe, reader.rest());
    if (!digest) return unreadable(text);
    set_length(*recipe, digest->size());
    TRY(check(*recipe));
    return PlainHash{std::move(*recipe), std::move(*digest)};
}

std::string text_of(const PlainHash& hash) {
    if (is_bcrypt(hash.recipe)) return text_of(hash.recipe) + std::string(hash.digest.begin(), hash.digest.end());
    return text_of(hash.recipe) + "$" + encode_base64(hash.digest);
}

bool is_wrapped(std::string_view text) {
    return text.starts_with(wrapped_prefix);
}

Result<WrappedHash> read_wrapped_hash(std::string_view text) {
    TextReader reader(text);
    if (text.size() > limits::imported_hash_text_bytes || !reader.take(wrapped_prefix)) return unreadable(text);
    const auto cost = read_outer_cost(reader);
    if (!cost) return unreadable(text);
    auto salt = decode_base64(reader.take_until('$'));
    auto digest = decode_base64(reader.take_until('$'));
    if (!salt || salt->size() != WrappedHash::salt_bytes || !digest || digest->size() != WrappedHash::digest_bytes ||
        !reader.take("l=")) {
        return unreadable(text);
    }
    const auto length = reader.take_number();
    auto inner = length ? read_recipe(reader) : std::nullopt;
    if (!inner || !reader.rest().empty()) return unreadable(text);
    set_length(*inner, static_cast<std::size_t>(*length));
    TRY(check(*inner));
    return WrappedHash{cost->memory_kib, cost->iterations, std::move(*salt), std::move(*digest), std::move(*inner)};
}

std::string text_of(const WrappedHash& hash) {
    const std::size_t length = std::visit([](const auto& known) { return known.length; }, hash.inner);
    return std::string(wrapped_prefix) + "m=" + std::to_string(hash.memory_kib) +
           ",t=" + std::to_string(hash.iterations) + ",p=1$" + encode_base64(hash.salt) + "$" +
           encode_base64(hash.digest) + "$l=" + std::to_string(length) + text_of(hash.inner);
}

std::string scheme_of(const WrappedHash& hash) {
    return scheme_of(hash.inner) + "+argon2id:m=" + std::to_string(hash.memory_kib) +
           ",t=" + std::to_string(hash.iterations) + ",p=1";
}

}  // namespace postern::crypto

#include <crypt.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "crypto/hash_recipe.hpp"

namespace postern::crypto {
namespace {

constexpr std::size_t salt_characters = 22;
constexpr std::size_t password_bytes = 72;
constexpr std::uint64_t cost_least = 4;
constexpr std::uint64_t cost_most = 31;

std::string name_of(const BcryptRecipe& recipe) {
    return recipe.of_sha256 ? "bcrypt-sha256" : "bcrypt";
}

std::string write_setting(const BcryptRecipe& recipe, char revision) {
    const std::string cost = (recipe.cost < 10 ? "0" : "") + std::to_string(recipe.cost);
    return std::string("$2") + revision + "$" + cost + "$" + recipe.salt;
}

SecretString hash_to_hex(std::string_view password) {
    std::array<std::uint8_t, crypto_hash_sha256_BYTES> hash{};
    crypto_hash_sha256(hash.data(), reinterpret_cast<const std::uint8_t*>(password.data()), password.size());
    std::string hex = encode_hex(hash);
    wipe(hash.data(), hash.size());
    return SecretString::take_from(hex);
}

struct WipeAndFree {
    void operator()(crypt_data* data) const noexcept {
        wipe(data, sizeof(*data));
        delete data;
    }
};

}  // namespace

std::optional<BcryptRecipe> read_bcrypt(TextReader& text) {
    BcryptRecipe recipe;
    recipe.of_sha256 = text.take("$bcrypt-sha256");
    if (!text.take("$2")) return std::nullopt;
    const std::string_view revision = text.take_until('$');
    // "2x" marks hashes of a broken implementation, which nobody should check passwords with.
    if (revision != "a" && revision != "b" && revision != "y") return std::nullopt;
    recipe.revision = revision[0];
    const std::string_view digits = text.take_until('$');
    TextReader cost(digits);
    const auto number = cost.take_number();
    if (digits.size() != 2 || !number || !cost.rest().empty()) return std::nullopt;
    recipe.cost = *number;
    recipe.salt = text.take_bytes(salt_characters);
    if (recipe.salt.size() != salt_characters ||
        recipe.salt.find_first_not_of(BcryptRecipe::alphabet) != std::string::npos) {
        return std::nullopt;
    }
    return recipe;
}

std::string text_of(const BcryptRecipe& recipe) {
    return (recipe.of_sha256 ? "$bcrypt-sha256" : "") + write_setting(recipe, recipe.revision);
}

std::string scheme_of(const BcryptRecipe& recipe) {
    return name_of(recipe) + ":" + std::to_string(recipe.cost);
}

Result<void> check(const BcryptRecipe& recipe) {
    if (recipe.length != BcryptRecipe::digest_characters) {
        return invalid_hash(name_of(recipe), "does not have the 31 characters of a bcrypt digest");
    }
    if (recipe.cost < cost_least || recipe.cost > cost_most) {
        return invalid_hash(name_of(recipe), "has the cost " + std::to_string(recipe.cost) + "; 4 to 31 are possible");
    }
    if (recipe.cost > limits::imported_hash_bcrypt_cost) {
        return hash_too_costly(name_of(recipe), "has the cost " + std::to_string(recipe.cost) + ", more than " +
                                                    std::to_string(limits::imported_hash_bcrypt_cost));
    }
    return {};
}

Result<SecretBytes> compute(const BcryptRecipe& recipe, std::string_view password) {
    const SecretString hashed = recipe.of_sha256 ? hash_to_hex(password) : SecretString(password);
    const std::string_view text = hashed.reveal();
    const bool whole = text.size() <= password_bytes && text.find('\0') == std::string_view::npos;
    // crypt() wants a NUL at the end, and would take one in the middle for it.
    SecretBytes phrase(password_bytes + 1);
    std::copy_n(text.begin(), std::min(text.size(), password_bytes), phrase.begin());

    const std::unique_ptr<crypt_data, WipeAndFree> data(new crypt_data{});
    // Every implementation that is in use computes "2a" and "2y" as "2b"; libxcrypt alone makes a difference for "2a".
    const std::string setting = write_setting(recipe, 'b');
    const char* made = crypt_r(reinterpret_cast<const char*>(phrase.data()), setting.c_str(), data.get());
    const std::string_view result = made == nullptr ? "" : made;
    if (result.size() != setting.size() + BcryptRecipe::digest_characters) {
        return internal_error("libxcrypt could not compute " + scheme_of(recipe));
    }
    const std::string_view end = result.substr(setting.size());
    SecretBytes digest(end.begin(), end.end());
    if (!whole) digest[0] = '*';  // in no digest's alphabet
    return digest;
}

}  // namespace postern::crypto

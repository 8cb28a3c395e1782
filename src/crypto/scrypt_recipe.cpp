#include <sodium.h>

#include <cerrno>

#include "base/limits.hpp"
#include "crypto/hash_recipe.hpp"

namespace postern::crypto {
namespace {

constexpr std::string_view name = "scrypt";
constexpr std::uint64_t kibibyte = 1024;
// Past these the products below would not fit.
constexpr std::uint64_t log_n_most = 30;
constexpr std::uint64_t r_most = 1U << 16U;
constexpr std::uint64_t p_most = 1U << 10U;

std::uint64_t memory_kib(const ScryptRecipe& recipe) {
    return (128 * recipe.r << recipe.log_n) / kibibyte;
}

}  // namespace

std::optional<ScryptRecipe> read_scrypt(TextReader& text) {
    if (!text.take("$scrypt$ln=")) return std::nullopt;
    ScryptRecipe recipe;
    const auto log_n = text.take_number();
    if (!log_n || !text.take(",r=")) return std::nullopt;
    const auto r = text.take_number();
    if (!r || !text.take(",p=")) return std::nullopt;
    const auto p = text.take_number();
    if (!p || !text.take("$")) return std::nullopt;
    auto salt = decode_base64(text.take_until('$'));
    if (!salt) return std::nullopt;
    return ScryptRecipe{*log_n, *r, *p, std::move(*salt)};
}

std::string text_of(const ScryptRecipe& recipe) {
    return "$scrypt$ln=" + std::to_string(recipe.log_n) + ",r=" + std::to_string(recipe.r) +
           ",p=" + std::to_string(recipe.p) + "$" + encode_base64(recipe.salt);
}

std::string scheme_of(const ScryptRecipe& recipe) {
    return "scrypt:ln=" + std::to_string(recipe.log_n) + ",r=" + std::to_string(recipe.r) +
           ",p=" + std::to_string(recipe.p);
}

Result<void> check(const ScryptRecipe& recipe) {
    TRY(check_sizes(name, recipe.salt.size(), recipe.length));
    if (recipe.log_n == 0 || recipe.r == 0 || recipe.p == 0) {
        return invalid_hash(name, "has a parameter that is zero");
    }
    if (recipe.log_n > log_n_most || recipe.r > r_most || recipe.p > p_most ||
        memory_kib(recipe) > limits::imported_hash_memory_mib * kibibyte ||
        memory_kib(recipe) * recipe.p > limits::imported_hash_scrypt_work_mib * kibibyte) {
        return hash_too_costly(name, "(" + scheme_of(recipe) + ") takes more than " +
                                         std::to_string(limits::imported_hash_memory_mib) + " MiB of memory, or " +
                                         std::to_string(limits::imported_hash_scrypt_work_mib) +
                                         " MiB when its p is counted in");
    }
    return {};
}

Result<SecretBytes> compute(const ScryptRecipe& recipe, std::string_view password) {
    SecretBytes digest(recipe.length);
    // libsodium wants addresses, also of nothing.
    const auto* nothing = reinterpret_cast<const std::uint8_t*>("");
    const auto* bytes = password.empty() ? nothing : reinterpret_cast<const std::uint8_t*>(password.data());
    const auto* salt = recipe.salt.empty() ? nothing : recipe.salt.data();
    errno = 0;
    if (crypto_pwhash_scryptsalsa208sha256_ll(bytes, password.size(), salt, recipe.salt.size(), 1ULL << recipe.log_n,
                                              static_cast<std::uint32_t>(recipe.r),
                                              static_cast<std::uint32_t>(recipe.p), digest.data(),
                                              digest.size()) != 0) {
        if (errno == EINVAL || errno == EFBIG) return internal_error("libsodium cannot compute " + scheme_of(recipe));
        return out_of_memory(memory_kib(recipe));
    }
    return digest;
}

}  // namespace postern::crypto

#include "crypto/argon2_hasher.hpp"

#include <sodium.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <optional>

#include "base/random.hpp"
#include "crypto/stored_hash.hpp"

namespace postern::crypto {
namespace {

constexpr std::size_t kibibyte = 1024;
static_assert(WrappedHash::salt_bytes == crypto_pwhash_argon2id_SALTBYTES);

// The costs of an Argon2 text that libsodium reads: argon2id or argon2i, version 19, within what the configuration can
// ask for. Nothing for any other text.
std::optional<Argon2Recipe> read_libsodium_cost(std::string_view stored) {
    if (stored.size() > limits::imported_hash_text_bytes || stored.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    TextReader reader(stored);
    auto recipe = read_argon2(reader);
    if (!recipe || recipe->version != 19 || recipe->variant == Argon2Recipe::Variant::d ||
        recipe->memory_kib > limits::hash_memory_mib_most * kibibyte ||
        recipe->iterations > limits::hash_iterations_most) {
        return std::nullopt;
    }
    return recipe;
}

// A random tag costs nothing to make, and nobody knows a password for it.
std::string make_dummy(const Argon2Parameters& parameters) {
    Argon2Recipe recipe;
    recipe.memory_kib = parameters.memory_bytes / kibibyte;
    recipe.iterations = parameters.iterations;
    recipe.salt.resize(crypto_pwhash_argon2id_SALTBYTES);
    std::vector<std::uint8_t> tag(32);
    fill_random(recipe.salt);
    fill_random(tag);
    return text_of(PlainHash{std::move(recipe), std::move(tag)});
}

bool can_allocate(std::uint64_t kib) {
    const std::size_t size = kib * kibibyte;
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    if (memory == MAP_FAILED) return false;
    munmap(memory, size);
    return true;
}

// An empty password has no memory of its own, and libsodium wants an address.
const char* address_of(std::string_view password) {
    return password.empty() ? "" : password.data();
}

Error impossible_parameters(std::uint64_t memory_kib, std::uint64_t iterations) {
    return internal_error("Argon2 cannot work with " + std::to_string(memory_kib) + " KiB of memory and " +
                          std::to_string(iterations) + " iterations");
}

// The outer digest: Argon2id over the inner one.
Result<SecretBytes> compute_outer(const WrappedHash& hash, const SecretBytes& inner) {
    SecretBytes outer(WrappedHash::digest_bytes);
    errno = 0;
    if (crypto_pwhash(outer.data(), outer.size(), reinterpret_cast<const char*>(inner.data()), inner.size(),
                      hash.salt.data(), hash.iterations, hash.memory_kib * kibibyte,
                      crypto_pwhash_ALG_ARGON2ID13) != 0) {
        if (errno == EINVAL) return impossible_parameters(hash.memory_kib, hash.iterations);
        return out_of_memory(hash.memory_kib);
    }
    return outer;
}

}  // namespace

Argon2Hasher::Argon2Hasher(const Argon2Parameters& parameters)
    : parameters_(parameters), dummy_(make_dummy(parameters)) {
    // Chooses the fastest code for this processor; without it Argon2 runs at half its speed. It fails only where there
    // is no randomness to be had, and there make_dummy() has ended the process.
    static_cast<void>(sodium_init() < 0);
}

Result<std::string> Argon2Hasher::hash(const SecretString& password) const {
    std::array<char, crypto_pwhash_STRBYTES> text{};
    const auto bytes = password.reveal();
    errno = 0;
    if (crypto_pwhash_str_alg(text.data(), address_of(bytes), bytes.size(), parameters_.iterations,
                              parameters_.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        if (errno == EINVAL) return impossible_parameters(parameters_.memory_bytes / kibibyte, parameters_.iterations);
        return out_of_memory(parameters_.memory_bytes / kibibyte);
    }
    return std::string(text.data());
}

Result<bool> Argon2Hasher::verify(std::string_view stored, const SecretString& password) const {
    if (const auto cost = read_libsodium_cost(stored)) return verify_argon2(stored, cost->memory_kib, password);
    if (is_wrapped(stored)) return verify_wrapped(stored, password);
    return verify_imported(stored, password);
}

Result<bool> Argon2Hasher::verify_dummy(const SecretString& password) const {
    TRY(verify_argon2(dummy_, parameters_.memory_bytes / kibibyte, password));
    return false;
}

Result<bool> Argon2Hasher::verify_argon2(std::string_view stored, std::uint64_t memory_kib,
                                         const SecretString& password) const {
    const auto bytes = password.reveal();
    const std::string text(stored);
    errno = 0;
    if (crypto_pwhash_str_verify(text.c_str(), address_of(bytes), bytes.size()) == 0) return true;
    const bool was_computed = errno == EINVAL;  // anything else: a text that libsodium could not read, at no cost
    // libsodium reports a failed allocation as a mismatch. Telling someone that a right password is wrong would be
    // worse than asking the system once more.
    if (!can_allocate(memory_kib)) return out_of_memory(memory_kib);
    if (!was_computed && stored != dummy_) return verify_dummy(password);
    return false;
}

Result<bool> Argon2Hasher::verify_wrapped(std::string_view stored, const SecretString& password) const {
    const auto hash = read_wrapped_hash(stored);
    if (!hash) return verify_dummy(password);
    const SecretBytes inner = TRY(compute(hash->inner, password.reveal()));
    const SecretBytes outer = TRY(compute_outer(*hash, inner));
    return equal_in_constant_time(outer, hash->digest);
}

Result<bool> Argon2Hasher::verify_imported(std::string_view stored, const SecretString& password) const {
    const auto hash = read_plain_hash(stored);
    if (!hash) return verify_dummy(password);
    const SecretBytes digest = TRY(compute(hash->recipe, password.reveal()));
    return equal_in_constant_time(digest, hash->digest);
}

bool Argon2Hasher::needs_rehash(std::string_view stored) const {
    const auto cost = read_libsodium_cost(stored);
    return !cost || cost->variant != Argon2Recipe::Variant::id ||
           cost->memory_kib < parameters_.memory_bytes / kibibyte || cost->iterations < parameters_.iterations;
}

std::string Argon2Hasher::scheme(std::string_view stored) const {
    if (const auto cost = read_libsodium_cost(stored)) return scheme_of(*cost);
    if (is_wrapped(stored)) {
        const auto hash = read_wrapped_hash(stored);
        return hash ? scheme_of(*hash) : "";
    }
    const auto hash = read_plain_hash(stored);
    return hash ? scheme_of(hash->recipe) : "";
}

Result<std::string> Argon2Hasher::wrap(std::string_view stored) const {
    if (!needs_rehash(stored)) return invalid_input("not_wrappable", "The hash has the current parameters already");
    if (is_wrapped(stored)) return invalid_input("not_wrappable", "The hash is wrapped already");
    auto plain = read_plain_hash(stored);
    if (!plain) return invalid_input("not_wrappable", plain.error().message);
    WrappedHash wrapped{.memory_kib = parameters_.memory_bytes / kibibyte,
                        .iterations = parameters_.iterations,
                        .salt = std::vector<std::uint8_t>(WrappedHash::salt_bytes),
                        .inner = std::move(plain->recipe)};
    fill_random(wrapped.salt);
    const SecretBytes inner(plain->digest.begin(), plain->digest.end());
    const SecretBytes outer = TRY(compute_outer(wrapped, inner));
    wrapped.digest.assign(outer.begin(), outer.end());
    return text_of(wrapped);
}

}  // namespace postern::crypto

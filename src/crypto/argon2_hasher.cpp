#include "crypto/argon2_hasher.hpp"

#include <sodium.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <optional>

#include "base/random.hpp"

namespace postern::crypto {
namespace {

constexpr std::size_t kibibyte = 1024;

struct Cost {
    bool argon2id = false;
    std::uint64_t memory_kib = 0;
    std::uint64_t iterations = 0;
};

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

std::optional<std::uint64_t> take_number(std::string_view& text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return number;
}

// The costs that "$argon2id$v=19$m=19456,t=2,p=1$salt$tag" names; nothing for any other text.
std::optional<Cost> parse_cost(std::string_view stored) {
    Cost cost;
    cost.argon2id = stored.starts_with("$argon2id$");
    if (!take_prefix(stored, "$argon2id$v=19$m=") && !take_prefix(stored, "$argon2i$v=19$m=")) return std::nullopt;
    const auto memory = take_number(stored);
    if (!memory || !take_prefix(stored, ",t=")) return std::nullopt;
    const auto iterations = take_number(stored);
    if (!iterations || !take_prefix(stored, ",p=") || !take_number(stored)) return std::nullopt;
    if (*memory > std::numeric_limits<std::uint32_t>::max() || !stored.starts_with('$') ||
        stored.find('\0') != std::string_view::npos)
        return std::nullopt;
    cost.memory_kib = *memory;
    cost.iterations = *iterations;
    return cost;
}

// What the PHC format calls B64: standard base64 without padding.
std::string encode_phc(std::span<const std::uint8_t> bytes) {
    std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING), '\0');
    sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    text.pop_back();  // the terminating NUL
    return text;
}

// A random tag costs nothing to make, and nobody knows a password for it.
std::string make_dummy(const Argon2Parameters& parameters) {
    std::array<std::uint8_t, crypto_pwhash_argon2id_SALTBYTES> salt{};
    std::array<std::uint8_t, 32> tag{};
    fill_random(salt);
    fill_random(tag);
    return "$argon2id$v=19$m=" + std::to_string(parameters.memory_bytes / kibibyte) +
           ",t=" + std::to_string(parameters.iterations) + ",p=1$" + encode_phc(salt) + "$" + encode_phc(tag);
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

Error out_of_memory(std::uint64_t kib) {
    return unavailable("There is not enough memory for a password hash of " + std::to_string(kib / kibibyte) +
                       " MiB; give the process more, or lower the number of hash workers");
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
        if (errno == EINVAL) {
            return internal_error("Argon2 cannot work with " + std::to_string(parameters_.memory_bytes) +
                                  " bytes of memory and " + std::to_string(parameters_.iterations) + " iterations");
        }
        return out_of_memory(parameters_.memory_bytes / kibibyte);
    }
    return std::string(text.data());
}

Result<bool> Argon2Hasher::verify(std::string_view stored, const SecretString& password) const {
    const auto bytes = password.reveal();
    const auto cost = parse_cost(stored);
    const std::string text(cost ? stored : dummy_);
    const std::uint64_t memory_kib = cost ? cost->memory_kib : parameters_.memory_bytes / kibibyte;
    errno = 0;
    if (crypto_pwhash_str_verify(text.c_str(), address_of(bytes), bytes.size()) == 0) return cost.has_value();
    const bool was_computed = errno == EINVAL;  // anything else: a text that libsodium could not read, at no cost
    // libsodium reports a failed allocation as a mismatch. Telling someone that a right password is wrong would be
    // worse than asking the system once more.
    if (!can_allocate(memory_kib)) return out_of_memory(memory_kib);
    if (!was_computed && cost) return verify({}, password);
    return false;
}

bool Argon2Hasher::needs_rehash(std::string_view stored) const {
    const auto cost = parse_cost(stored);
    return !cost || !cost->argon2id || cost->memory_kib < parameters_.memory_bytes / kibibyte ||
           cost->iterations < parameters_.iterations;
}

}  // namespace postern::crypto

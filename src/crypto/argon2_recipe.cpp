#include <argon2.h>
#include <sys/mman.h>

#include <array>

#include "base/limits.hpp"
#include "crypto/hash_recipe.hpp"

namespace postern::crypto {
namespace {

constexpr std::uint64_t kibibyte = 1024;
constexpr std::uint64_t iterations_most = 1U << 16U;
constexpr std::size_t salt_bytes_least = ARGON2_MIN_SALT_LENGTH;

struct VariantFacts {
    std::string_view name;
    argon2_type type;
};
// In the order of Argon2Recipe::Variant. "argon2id" is tried before "argon2i", which it begins with, because each is
// read with the '$' behind it.
constexpr std::array<VariantFacts, 3> variants = {
    {{"argon2d", Argon2_d}, {"argon2i", Argon2_i}, {"argon2id", Argon2_id}}};

const VariantFacts& facts_of(const Argon2Recipe& recipe) {
    return variants[static_cast<std::size_t>(recipe.variant)];
}

std::string write_cost(const Argon2Recipe& recipe) {
    return "m=" + std::to_string(recipe.memory_kib) + ",t=" + std::to_string(recipe.iterations) +
           ",p=" + std::to_string(recipe.lanes);
}

// malloc() might keep what it is given back; the next hash can wait for pages, the rest of the machine for memory.
int take_pages(std::uint8_t** memory, std::size_t bytes) {
    void* pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    *memory = pages == MAP_FAILED ? nullptr : static_cast<std::uint8_t*>(pages);
    return pages == MAP_FAILED ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

void give_pages_back(std::uint8_t* memory, std::size_t bytes) {
    munmap(memory, bytes);
}

}  // namespace

std::optional<Argon2Recipe> read_argon2(TextReader& text) {
    Argon2Recipe recipe;
    if (!text.take("$")) return std::nullopt;
    const std::string_view name = text.take_until('$');
    bool known = false;
    for (std::size_t at = 0; at < variants.size(); ++at) {
        if (variants[at].name != name) continue;
        recipe.variant = static_cast<Argon2Recipe::Variant>(at);
        known = true;
    }
    if (!known) return std::nullopt;
    recipe.version = ARGON2_VERSION_10;  // where none is named
    if (text.take("v=")) {
        recipe.version = text.take_number().value_or(0);
        if (!text.take("$")) return std::nullopt;
    }
    if (!text.take("m=")) return std::nullopt;
    const auto memory = text.take_number();
    if (!memory || !text.take(",t=")) return std::nullopt;
    const auto iterations = text.take_number();
    if (!iterations || !text.take(",p=")) return std::nullopt;
    const auto lanes = text.take_number();
    if (!lanes || !text.take("$")) return std::nullopt;
    auto salt = decode_base64(text.take_until('$'));
    if (!salt) return std::nullopt;
    recipe.memory_kib = *memory;
    recipe.iterations = *iterations;
    recipe.lanes = *lanes;
    recipe.salt = std::move(*salt);
    return recipe;
}

std::string text_of(const Argon2Recipe& recipe) {
    return "$" + std::string(facts_of(recipe).name) + "$v=" + std::to_string(recipe.version) + "$" +
           write_cost(recipe) + "$" + encode_base64(recipe.salt);
}

std::string scheme_of(const Argon2Recipe& recipe) {
    const std::string version = recipe.version == ARGON2_VERSION_13 ? "" : "v=" + std::to_string(recipe.version) + ",";
    return std::string(facts_of(recipe).name) + ":" + version + write_cost(recipe);
}

Result<void> check(const Argon2Recipe& recipe) {
    const std::string_view name = facts_of(recipe).name;
    TRY(check_sizes(name, recipe.salt.size(), recipe.length));
    if (recipe.version != ARGON2_VERSION_10 && recipe.version != ARGON2_VERSION_13) {
        return invalid_hash(name, "has the version " + std::to_string(recipe.version) + "; 16 and 19 are possible");
    }
    if (recipe.salt.size() < salt_bytes_least) {
        return invalid_hash(name, "has a salt of fewer than " + std::to_string(salt_bytes_least) + " bytes");
    }
    if (recipe.iterations == 0 || recipe.lanes == 0 || recipe.memory_kib / 8 < recipe.lanes) {
        return invalid_hash(name, "(" + write_cost(recipe) + ") has parameters that Argon2 cannot have");
    }
    if (recipe.memory_kib > limits::imported_hash_memory_mib * kibibyte || recipe.iterations > iterations_most ||
        recipe.memory_kib * recipe.iterations > limits::imported_hash_argon2_work_mib * kibibyte) {
        return hash_too_costly(name, "(" + write_cost(recipe) + ") takes more than " +
                                         std::to_string(limits::imported_hash_memory_mib) + " MiB of memory, or " +
                                         std::to_string(limits::imported_hash_argon2_work_mib) +
                                         " MiB when its iterations are counted in");
    }
    return {};
}

Result<SecretBytes> compute(const Argon2Recipe& recipe, std::string_view password) {
    SecretBytes digest(recipe.length);
    argon2_context context{};
    context.out = digest.data();
    context.outlen = static_cast<std::uint32_t>(digest.size());
    // The library takes them as changeable, and changes the password only when it is told to.
    context.pwd = reinterpret_cast<std::uint8_t*>(const_cast<char*>(password.data()));
    context.pwdlen = static_cast<std::uint32_t>(password.size());
    context.salt = const_cast<std::uint8_t*>(recipe.salt.data());
    context.saltlen = static_cast<std::uint32_t>(recipe.salt.size());
    context.t_cost = static_cast<std::uint32_t>(recipe.iterations);
    context.m_cost = static_cast<std::uint32_t>(recipe.memory_kib);
    context.lanes = static_cast<std::uint32_t>(recipe.lanes);
    context.threads = 1;  // a hash worker is one thread
    context.version = static_cast<std::uint32_t>(recipe.version);
    context.allocate_cbk = take_pages;
    context.free_cbk = give_pages_back;
    const int outcome = argon2_ctx(&context, facts_of(recipe).type);
    if (outcome == ARGON2_MEMORY_ALLOCATION_ERROR) return out_of_memory(recipe.memory_kib);
    if (outcome != ARGON2_OK) return internal_error("libargon2 cannot compute " + scheme_of(recipe));
    return digest;
}

}  // namespace postern::crypto

#include "crypto/known_passwords.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/digest.hpp"

// The assembler puts the file where the constants are: no array of it has to be compiled, and the pages are the file's
// own until one is touched.
asm(R"(
    .pushsection .rodata
    .balign 8
    .global postern_known_passwords, postern_known_passwords_end
    .hidden postern_known_passwords, postern_known_passwords_end
postern_known_passwords:
    .incbin "known_passwords.bin"
postern_known_passwords_end:
    .popsection
)");

extern "C" {
// NOLINTBEGIN(readability-identifier-naming): symbols of the assembler
[[gnu::visibility("hidden")]] extern const std::uint8_t postern_known_passwords[];
[[gnu::visibility("hidden")]] extern const std::uint8_t postern_known_passwords_end[];
// NOLINTEND(readability-identifier-naming)
}

namespace postern::crypto {
namespace {

constexpr std::size_t entry_bytes = 8;

}  // namespace

std::size_t KnownPasswords::size() {
    return static_cast<std::size_t>(postern_known_passwords_end - postern_known_passwords) / entry_bytes;
}

bool KnownPasswords::contains(std::string_view password) const {
    const Digest wanted = digest(password);
    std::size_t low = 0;
    std::size_t high = size();
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const int order = std::memcmp(postern_known_passwords + middle * entry_bytes, wanted.data(), entry_bytes);
        if (order == 0) return true;
        (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    return false;
}

const core::Blocklist& known_passwords() {
    static const KnownPasswords list;
    return list;
}

}  // namespace postern::crypto

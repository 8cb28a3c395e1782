// The list of known passwords, as core's Blocklist. Its source, its licence and how it was made stand in
// known_passwords.md beside this file.
//
// The program carries it as the first 64 bits of the BLAKE2b-256 hash of each entry, sorted, so that a look-up touches
// a few read-only pages and nothing is loaded at start. A password that is not on the list has the same 64 bits as one
// that is with a probability of one in 10^14; that is as exact as it gets without carrying the passwords themselves.
#pragma once

#include <cstddef>

#include "core/blocklist.hpp"

namespace postern::crypto {

class KnownPasswords final : public core::Blocklist {
public:
    [[nodiscard]] bool contains(std::string_view password) const override;
    [[nodiscard]] static std::size_t size();
};

// The one list; lives as long as the program.
const core::Blocklist& known_passwords();

}  // namespace postern::crypto

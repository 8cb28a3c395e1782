// Which new passwords are accepted: NIST SP 800-63B-4 section 3.1.1.2. Length, no composition rules, nothing that
// is known, that can be guessed from the address or the service's name, or that is a pattern (password_weakness.hpp).
// Passwords that exist already are never held against it.
#pragma once

#include <string>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "core/blocklist.hpp"
#include "core/text.hpp"

namespace postern::core {

struct PasswordPolicy {
    std::size_t minimum_characters = limits::password_minimum_characters;
    std::string service_name;
    const Blocklist* blocklist = nullptr;  // outlives this; none: nothing is on it
};

// Errors: invalid_input "password_too_short", "password_too_long", "password_guessable", "password_known",
// "invalid_password"; each says why. Returns the prepared password (RFC 8265), which is what gets hashed.
Result<SecretString> accept_new_password(const Text& text, const SecretString& password, const EmailAddress& email,
                                         const PasswordPolicy& policy);

}  // namespace postern::core

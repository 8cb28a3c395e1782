// The text port: how addresses and passwords are made comparable. Implemented by src/crypto with ICU. Thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace postern::core {

struct EmailAddress {
    std::string key;    // unique: ASCII local part lower-cased, domain by UTS #46 (non-transitional), as A-labels
    std::string given;  // as typed, without surrounding white space removed: there must be none
};

class Text {
public:
    virtual ~Text() = default;

    // Errors: invalid_input "invalid_email" with what is wrong: length, no @, a local part that is not an ASCII
    // dot-atom (RFC 5321), a domain that is no host name of two labels or more.
    virtual Result<EmailAddress> parse_email(std::string_view text) const = 0;

    // RFC 8265 OpaqueString: NFC, other spaces to U+0020. Errors: invalid_input "invalid_password" for control
    // characters, unassigned code points, invalid UTF-8, an empty result.
    virtual Result<SecretString> prepare_password(const SecretString& password) const = 0;

    // Unicode code points in valid UTF-8.
    [[nodiscard]] virtual std::size_t count_characters(std::string_view text) const = 0;
};

}  // namespace postern::core

// Addresses and passwords made comparable, with ICU.
#pragma once

#include "core/text.hpp"

namespace postern::crypto {

// Thread-safe; holds nothing but ICU's own immutable tables.
class IcuText final : public core::Text {
public:
    // The local part: a dot-atom of RFC 5322 section 3.2.3 in ASCII, 64 bytes at most; folded to lower case, because
    // nobody hands out two mailboxes that differ in case. Quoted local parts are refused, and so are non-ASCII ones:
    // "mıke" must not become anybody's "mike". The domain: UTS #46, non-transitional, STD3 rules, CheckBidi and
    // CheckJoiners, two labels at least; no address literal, no trailing dot.
    Result<core::EmailAddress> parse_email(std::string_view text) const override;

    // RFC 8265 section 4.2, without one of its bans: code points that are invisible by themselves (joiners, variation
    // selectors), which people type as parts of emoji, and private ones, are accepted.
    Result<SecretString> prepare_password(const SecretString& password) const override;

    [[nodiscard]] std::size_t count_characters(std::string_view text) const override;
};

}  // namespace postern::crypto

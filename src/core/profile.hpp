// What people may say of themselves, and change without proving more than that they are signed in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/own_account.hpp"
#include "core/text.hpp"

namespace postern::core {

struct Profile {
    std::string display_name;
    std::string locale;
};

// One line of text, without what could make it look like another. Empty is none.
// Errors: invalid_input "invalid_display_name".
Result<std::string> accept_display_name(const Text& text, std::string_view name);
// A language tag by its form (RFC 5646 section 2.1). Empty is none. Errors: invalid_input "invalid_locale".
Result<std::string> accept_locale(std::string_view tag);

struct ProfileChange {
    std::optional<std::string> display_name;  // accepted by the functions above
    std::optional<std::string> locale;
};

// Errors: those of get_own_account(); conflict "retry".
Result<Account> change_profile(Transaction& transaction, const SignedIn& caller, const ProfileChange& change,
                               const Actor& actor, Timestamp now);

}  // namespace postern::core

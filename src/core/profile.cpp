#include "core/profile.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "core/accounts.hpp"

namespace postern::core {
namespace {

bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

// Controls (C0, DEL, C1), line and paragraph separators, and what turns the direction of writing round.
bool hides_something(std::string_view text) {
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; })) {
        return true;
    }
    for (std::size_t at = text.find('\xC2'); at != std::string_view::npos; at = text.find('\xC2', at + 1)) {
        if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) < 0xA0) return true;
    }
    for (const std::string_view hidden : {"\u2028", "\u2029", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C",
                                          "\u202D", "\u202E", "\u2066", "\u2067", "\u2068", "\u2069"}) {
        if (holds(text, hidden)) return true;
    }
    return false;
}

bool is_subtag(std::string_view part) {
    return !part.empty() && part.size() <= 8 && std::ranges::all_of(part, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
}

bool is_language(std::string_view part) {
    return is_subtag(part) && part.size() >= 2 &&
           std::ranges::none_of(part, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_language_tag(std::string_view tag) {
    if (tag.size() > limits::locale_bytes || !is_language(tag.substr(0, tag.find('-')))) return false;
    for (auto dash = tag.find('-'); dash != std::string_view::npos; dash = tag.find('-')) {
        tag.remove_prefix(dash + 1);
        if (!is_subtag(tag.substr(0, tag.find('-')))) return false;
    }
    return true;
}

}  // namespace

Result<std::string> accept_display_name(const Text& text, std::string_view name) {
    // Bytes first: counting the characters of a stranger's text costs time too.
    if (name.size() > 4 * limits::display_name_characters ||
        text.count_characters(name) > limits::display_name_characters) {
        return invalid_input("invalid_display_name", "The display name is longer than " +
                                                         std::to_string(limits::display_name_characters) +
                                                         " characters; choose a shorter one");
    }
    if (hides_something(name)) {
        return invalid_input("invalid_display_name",
                             "The display name holds control characters or marks of writing direction; leave them out");
    }
    return std::string(name);
}

Result<std::string> accept_locale(std::string_view tag) {
    if (tag.empty() || is_language_tag(tag)) return std::string(tag);
    return invalid_input("invalid_locale", "The locale must be a language tag such as en, de or pt-BR");
}

Result<Account> change_profile(Transaction& transaction, const SignedIn& caller, const ProfileChange& change,
                               const Actor& actor, Timestamp now) {
    auto account = TRY(get_own_account(transaction, caller));
    if (change.display_name.has_value()) account.display_name = *change.display_name;
    if (change.locale.has_value()) account.locale = *change.locale;
    account = TRY(save_account(transaction, std::move(account), now));
    TRY(record(transaction, "account.profile_changed", actor, {account.id, caller.session(), account.email}, "success",
               now));
    return account;
}

}  // namespace postern::core

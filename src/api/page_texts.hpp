// What the pages say, in each language there is.
#pragma once

#include <array>
#include <string_view>
#include <utility>

namespace postern::api {

// Plain text, to be escaped. Of each page: what it is called, what its button does, and how it went.
struct LinkTexts {
    std::string_view title;
    std::string_view introduction;  // before the address that it is about
    std::string_view button;
    std::string_view done_title;
    std::string_view done;
};

struct PageTexts {
    std::string_view language;
    LinkTexts verify;
    LinkTexts reset;
    LinkTexts invitation;
    LinkTexts email;
    std::string_view new_password;
    std::string_view repeat_password;
    std::string_view password_hint;  // before the number of characters
    std::string_view password_hint_end;
    std::string_view passwords_differ;
    // Why a password is refused, by the error's code; where there is none, the error's own sentence does.
    std::array<std::pair<std::string_view, std::string_view>, 5> password_refusals;
    std::string_view invalid_title;
    std::string_view invalid;
    std::string_view trouble_title;
    std::string_view trouble;
};

// The account's language where it has one that we speak, else what the browser asks for (RFC 9110 section 12.5.4; the
// order is taken for the preference), else English.
const PageTexts& page_texts(std::string_view account_locale, std::string_view accept_language);

}  // namespace postern::api

// White space as HTTP has it.
#pragma once

#include <string_view>

namespace postern::http {

// Without the spaces and tabs around it (OWS of RFC 9110 section 5.6.3).
inline std::string_view trim_spaces(std::string_view text) {
    constexpr std::string_view spaces = " \t";
    const auto first = text.find_first_not_of(spaces);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

}  // namespace postern::http

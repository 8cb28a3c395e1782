// Case and white space of ASCII text, independent of the locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace postern {

inline char to_lower_ascii(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

inline std::string to_lower_ascii(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) c = to_lower_ascii(c);
    return lower;
}

inline bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char left, char right) {
               return to_lower_ascii(left) == to_lower_ascii(right);
           });
}

// Without the spaces and tabs around it (OWS of RFC 9110 section 5.6.3).
inline std::string_view trim_spaces(std::string_view text) {
    constexpr std::string_view spaces = " \t";
    const auto first = text.find_first_not_of(spaces);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(spaces) - first + 1);
}

// Takes the first member off a list of RFC 9110 section 5.6.1, with the comma after it: without spaces around it, and
// perhaps empty.
inline std::string_view take_list_member(std::string_view& list) {
    const auto comma = std::min(list.find(','), list.size());
    const std::string_view member = trim_spaces(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    return member;
}

}  // namespace postern

// Which known word a mistyped one was probably meant to be.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace postern::app {

// Insertions, deletions, replacements and swaps of neighbours between the two.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The first of `known` at the smallest distance; `known` must not be empty.
std::string nearest(std::string_view word, std::span<const std::string> known);

}  // namespace postern::app

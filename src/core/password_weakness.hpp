// Why a password is among the first that anyone would try.
//
// What is left of it counts: once repetition is folded (two or more copies are one), runs are folded (neighbours in the
// alphabet, among the digits or on a keyboard count as one character), and a known password inside digits and
// punctuation is taken out. Fewer than eight bytes left are too few;
// for runs and repetition alone, if that is no more than a third.
#pragma once

#include <string_view>

#include "core/blocklist.hpp"

namespace postern::core {

enum class PasswordWeakness {
    none,
    known,    // on the list, or such a one with little added, copies of it, or letters put as digits and signs
    pattern,  // runs and repetition
};

// `list` may be none. In bounded time, whatever the length.
PasswordWeakness find_weakness(std::string_view password, const Blocklist* list);

}  // namespace postern::core

// Why a password is among the first that anyone would try.
//
// What is left of it counts: once repetition is folded (two or more copies are one) and runs are folded (neighbours in
// the alphabet, among the digits or on a keyboard count as one character). Up to eight bytes of digits and signs
// around a known password make no other of it. Without one, less than eight bytes and a third of the whole is too
// little.
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

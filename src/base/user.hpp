// Users of the operating system, for messages. Thread-safe.
#pragma once

#include <string>

namespace postern {

// The name, or "#<number>" (as sudo takes it) for a user without one.
std::string user_name(unsigned user);
// Of the user who runs this process.
std::string current_user();

}  // namespace postern

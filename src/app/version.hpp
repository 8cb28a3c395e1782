#pragma once

#include <string_view>

namespace postern::app {

// Of the program, as CMakeLists.txt has it.
std::string_view version();

}  // namespace postern::app

// The whole command line: parse, run, print.
#pragma once

#include "cli/command.hpp"

namespace postern::cli {

// Returns the exit status. `argv` as main() gets it.
int run_command_line(int argc, const char* const* argv, const Tools& tools, const Console& console);

}  // namespace postern::cli

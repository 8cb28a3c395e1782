// Where a command reads and writes; tests put their own in its place.
#pragma once

#include <functional>
#include <iosfwd>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace postern::cli {

struct Console {
    std::ostream& out;
    std::ostream& error;
    // Whether a person sits at standard input.
    bool interactive = false;
    // Whether one may watch standard error, or sees standard output.
    bool error_is_terminal = false;
    bool out_is_terminal = false;
    // All of standard input, up to `limit` bytes. Errors: invalid_input "input_too_long".
    std::function<Result<SecretString>(std::size_t limit)> read_input;
    // One line from the terminal, without echo. Errors: invalid_input "interrupted".
    std::function<Result<SecretString>(std::string_view prompt)> ask_secret;
};

// Standard input, output and error of this process.
Console process_console();

// `text` without one line end at its end.
std::string_view without_line_end(std::string_view text);

}  // namespace postern::cli

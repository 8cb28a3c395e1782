// postern audit tail
#pragma once

#include <string>

#include "cli/command.hpp"

namespace postern::cli {

struct TailOptions {
    std::size_t lines = 10;
    bool follow = false;
    std::string event;    // empty: any
    std::string account;  // an address; empty: any
};

// With --follow it prints as records come, one JSON object a line with --json, until SIGINT or SIGTERM.
Result<Answer> tail_audit_trail(const Call& call, const TailOptions& options);

}  // namespace postern::cli

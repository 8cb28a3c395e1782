// Wraps weaker password hashes, one after the other, at the lowest priority.
#pragma once

#include "base/result.hpp"
#include "cli/command.hpp"

namespace postern::cli {

struct RehashOptions {
    int batch = 16;  // half a second's work, all that is lost when the process is killed
    int pause_milliseconds = 0;
};

// Until none is left, or SIGINT or SIGTERM stops it; run again it goes on, since what is done is current. One hash at a
// time, in its memory, while nobody else wants the core (SCHED_IDLE). Errors: unavailable, overloaded.
Result<Answer> run_rehash(const Call& call, const RehashOptions& options);

}  // namespace postern::cli

// Running another program to its end: pg_dump and pg_restore.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace postern::store {

struct ChildOutcome {
    int status = 0;      // its exit status; 128 and more: the signal that ended it
    std::string output;  // the beginning of its standard output and error
};

// `program` is looked for in PATH. Its environment is ours with `environment` put over it; secrets go there, never into
// `arguments`, which every user of the machine can read. It reads nothing from standard input, and is killed after
// `time`. Errors: unavailable when it cannot be started or takes too long; not_found "program_missing".
Result<ChildOutcome> run_program(const std::string& program, const std::vector<std::string>& arguments,
                                 const std::map<std::string, std::string>& environment, Milliseconds time);

}  // namespace postern::store

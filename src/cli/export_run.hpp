// Writes every account into a file, page by page, in the form that import reads.
#pragma once

#include <string>

#include "base/result.hpp"
#include "cli/command.hpp"

namespace postern::cli {

struct ExportOptions {
    std::string file;  // "-": standard output
    std::string format = "ndjson";
    bool without_hashes = false;
};

// Each account is as it was when its page was read; one that is made meanwhile may be missing. A file is new, for its
// owner alone, and there only once it is whole. Errors: conflict "file_exists"; invalid_input "file_unwritable",
// "usage"; unavailable.
Result<Answer> run_export(const Call& call, const ExportOptions& options);

}  // namespace postern::cli

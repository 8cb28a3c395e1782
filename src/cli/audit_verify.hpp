// postern audit verify
#pragma once

#include <string>

#include "cli/command.hpp"

namespace postern::cli {

struct VerifyOptions {
    std::string file;  // an exported one; empty: the store
    std::string jwks;  // the audit keys to check it with; empty: signatures are not checked
};

// Errors (could not be checked): whatever the store, the master key or the file says.
Result<Answer> verify_audit_trail(const Call& call, const VerifyOptions& options);

}  // namespace postern::cli

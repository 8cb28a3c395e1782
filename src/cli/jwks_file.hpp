// A JWK set that an operator names.
#pragma once

#include <string>

#include "base/result.hpp"

namespace postern::cli {

// The text of the file. Errors: not_found or invalid_input "jwks_unreadable", also for more than
// limits::json_text_bytes.
Result<std::string> read_jwks_file(const std::string& path);

}  // namespace postern::cli

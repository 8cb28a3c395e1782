// What SQLite's result codes mean to whoever runs the server.
#pragma once

#include <string>

#include "base/error.hpp"

namespace postern::store {

// `code` is an extended result code, `message` SQLite's own words, which name columns and never values.
// Does not return for a failed fsync; see sqlite_driver.hpp.
Error sqlite_error(int code, const std::string& message, const std::string& file);

}  // namespace postern::store

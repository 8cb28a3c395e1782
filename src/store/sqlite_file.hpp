// The database's file as the operating system sees it: where it may be, whose it is.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/diagnosis.hpp"

namespace postern::store {

// Makes `file` with mode 0600 when it is not there; SQLite gives its log the same mode. Errors: invalid_input
// "directory_missing", or "wrong_user" when it belongs to someone else; unavailable when it cannot be made.
Result<void> prepare_sqlite_file(const std::string& file);

// Owner, mode, and free disk.
std::vector<core::Finding> diagnose_sqlite_file(const std::string& file);

}  // namespace postern::store

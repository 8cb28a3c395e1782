// What `postern doctor` says about a SQLite database.
#pragma once

#include <string>
#include <vector>

#include "core/diagnosis.hpp"

namespace postern::store {

// Over a connection of its own; takes limits::sqlite_check_time at most, or the time to open the file.
std::vector<core::Finding> diagnose_sqlite(const std::string& file);

}  // namespace postern::store

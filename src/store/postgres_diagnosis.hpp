// What `postern doctor` says about a PostgreSQL server.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/diagnosis.hpp"

namespace postern::store {

// Over a connection of its own, to whatever server answers, standbys included.
std::vector<core::Finding> diagnose_postgres(const std::string& url, const Clock& clock);

}  // namespace postern::store

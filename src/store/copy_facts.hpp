// What the two halves of backup.hpp share.
#pragma once

#include "store/backup.hpp"
#include "store/driver.hpp"

namespace postern::store {

// In the read transaction that is open; `made_by` is left to the engine's half.
Result<CopyFacts> read_copy_facts(Connection& connection);

// conflict "backup_incomplete", for a table that does not have the rows that `facts` count.
Result<void> check_tables(Connection& connection, const CopyFacts& facts);

}  // namespace postern::store

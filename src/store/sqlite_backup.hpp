// The SQLite half of backup.hpp.
#pragma once

#include <string>

#include "store/backup.hpp"

namespace postern::store {

// Commits go on meanwhile: the copy is read within one read transaction, so none of them makes it begin again, as the
// backup API does otherwise. What they write waits in the write-ahead log until the copy is done.
Result<CopyFacts> copy_sqlite(const std::string& database, const std::string& file);

// Makes the database beside `database`, and puts it in its place when it is whole. A database that was there stays
// under another name.
Result<Restored> restore_sqlite(const std::string& database, const RestoreTask& task);

}  // namespace postern::store

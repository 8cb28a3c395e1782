// The PostgreSQL half of backup.hpp, by PostgreSQL's own pg_dump and pg_restore. They are told where to connect through
// their environment, where a password is not seen by the machine's other users.
#pragma once

#include <string>

#include "store/backup.hpp"

namespace postern::store {

// In pg_dump's custom format, of the tables that lie beside ours. The steps of the schema are left out: a database that
// pg_restore alone has filled is none that a server takes for its own.
Result<CopyFacts> copy_postgres(const std::string& url, const std::string& file);

// The tables come back in one transaction, their steps in another with what makes them fit to be served; should the
// second not be reached, servers refuse the database.
Result<void> restore_postgres(const RestoreTask& task);

}  // namespace postern::store

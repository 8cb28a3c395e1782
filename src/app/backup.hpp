// `postern backup` and `postern restore`: folders on the disk, and what stands between them and a store in use.
#pragma once

#include <string>

#include "app/configuration.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "cli/backup.hpp"
#include "core/audit.hpp"

namespace postern::app {

// Makes the folder `to`, which must not be there. It is written under another name beside it, and gets its own when it
// is whole and on the disk. Servers go on meanwhile. Errors: conflict "backup_exists"; those of
// store::copy_database().
Result<cli::BackupReport> back_up(const Overrides& overrides, const Environment& environment, const Clock& clock,
                                  const std::string& to, const core::Actor& actor);

// Makes the database that the configuration names of a backup. Errors: those of read_backup() and
// store::restore_database(); conflict "other_engine", "already_served", "master_key_wrong".
Result<cli::RestoreReport> restore(const Overrides& overrides, const Environment& environment, const Clock& clock,
                                   const cli::RestoreRequest& request, const core::Actor& actor);

}  // namespace postern::app

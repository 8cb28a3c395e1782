// The description that lies in a backup beside the database's copy: what it is, of when, and whether it is whole.
//
// A backup is a folder:
//   postern.db or postern.dump   the copy; see store/backup.hpp
//   manifest.json                this description
//   SHA256SUMS                   of both, for `sha256sum --check` and for us; written last
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/backup.hpp"

namespace postern::app {

// Goes up with every change that an older program cannot read.
inline constexpr std::int64_t backup_format = 1;

struct BackupManifest {
    std::int64_t format = backup_format;
    std::string version;  // of the program
    Timestamp made_at;
    store::CopyFacts facts;
    std::string file;  // the copy's name in the folder
    std::int64_t bytes = 0;
    std::string sha256;
};

std::string_view copy_name(std::string_view engine);

// Writes what describes the copy that is in `folder` already; on the disk when this returns.
Result<BackupManifest> describe_backup(const std::string& folder, store::CopyFacts facts, Timestamp made_at);

// Reads the description and checks every byte against it. Errors, each with what is wrong: not_found "backup_missing";
// conflict "backup_incomplete", "backup_altered", "newer_backup" (of a later format or schema).
Result<BackupManifest> read_backup(const std::string& folder);

}  // namespace postern::app

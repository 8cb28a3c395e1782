// What `postern backup` and `postern restore` ask of app, and hear from it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/backup.hpp"
#include "core/diagnosis.hpp"

namespace postern::cli {

struct BackupReport {
    std::string folder;
    std::string engine;
    Timestamp made_at;
    std::int64_t schema = 0;
    std::int64_t bytes = 0;
    std::vector<core::TableSize> tables;
    std::string master_key_place;  // which the backup does not hold
};

struct RestoreRequest {
    std::string folder;
    bool replace = false;
    bool keep_sessions = false;
};

struct RestoreReport {
    std::string store;  // where to, without a password
    Timestamp made_at;
    std::int64_t accounts = 0;
    core::RestoreEffects effects;
    std::string former;  // SQLite: what the replaced database is called now; empty: none was
};

}  // namespace postern::cli

// Opening a store: "sqlite:/path/file.db" or "postgresql://…".
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/store.hpp"

namespace postern::store {

// "sqlite" or "postgresql"; empty for neither.
std::string_view engine_of(std::string_view url);
// What follows "sqlite:".
std::string sqlite_file_of(std::string_view url);

struct StoreOptions {
    std::string url;
    Milliseconds access_token_life{};  // the window of a revocation list
    Milliseconds freshness_bound{};
    Milliseconds session_retention{};
    Milliseconds audit_retention{};
    Milliseconds unconfirmed_retention{};
    // The server follows the feed, sweeps, and notifies; a command of the CLI opens, works and leaves.
    bool serving = true;
};

// Migrates the schema when it is older than this binary, rebuilds the bitmaps, starts the threads.
// Errors, each one sentence with what to do: unavailable (cannot open or connect, locked), conflict "newer_schema"
// (made by a newer postern), invalid_input (no such kind of URL, directory missing), internal (not a database of ours).
// `clock` must outlive the store.
Result<std::unique_ptr<core::Store>> open_store(const StoreOptions& options, const Clock& clock);

}  // namespace postern::store

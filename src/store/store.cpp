#include "store/store.hpp"

#include <string_view>

#include "store/sqlite_engine.hpp"

namespace postern::store {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";

}  // namespace

Result<std::unique_ptr<core::Store>> open_store(const StoreOptions& options, const Clock& clock) {
    const std::string_view url = options.url;
    if (url.starts_with(sqlite_scheme)) {
        return SqliteStore::open(std::string(url.substr(sqlite_scheme.size())), options, clock);
    }
    // The URL is not quoted: one for PostgreSQL may hold a password.
    return invalid_input("store_url", "The store must be sqlite:FILE or postgresql://…; set `store`.");
}

}  // namespace postern::store

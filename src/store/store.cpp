#include "store/store.hpp"

#include <string_view>

#include "store/postgres_engine.hpp"
#include "store/sqlite_engine.hpp"

namespace postern::store {
namespace {

constexpr std::string_view sqlite_scheme = "sqlite:";
constexpr std::string_view postgres_scheme = "postgresql://";
constexpr std::string_view postgres_short_scheme = "postgres://";  // libpq knows both

}  // namespace

std::string_view engine_of(std::string_view url) {
    if (url.starts_with(sqlite_scheme)) return "sqlite";
    if (url.starts_with(postgres_scheme) || url.starts_with(postgres_short_scheme)) return "postgresql";
    return "";
}

std::string sqlite_file_of(std::string_view url) {
    return std::string(url.substr(sqlite_scheme.size()));
}

Result<std::unique_ptr<core::Store>> open_store(const StoreOptions& options, const Clock& clock) {
    const std::string_view engine = engine_of(options.url);
    if (engine == "sqlite") return SqliteStore::open(sqlite_file_of(options.url), options, clock);
    if (engine == "postgresql") return PostgresStore::open(options, clock);
    // The URL is not quoted: one for PostgreSQL may hold a password.
    return invalid_input("store_url", "The store must be sqlite:FILE or postgresql://…; set `store`.");
}

}  // namespace postern::store

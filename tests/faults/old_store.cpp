// old_store URL VERSION: makes an empty database with the schema of an earlier version, for migrations to be killed in.
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/limits.hpp"
#include "store/migrations.hpp"
#include "store/postgres_driver.hpp"
#include "store/sqlite_driver.hpp"

namespace {

using namespace postern;
using namespace postern::store;

constexpr std::string_view sqlite_scheme = "sqlite:";

Result<std::unique_ptr<Connection>> connect(const std::string& url) {
    if (url.starts_with(sqlite_scheme)) {
        return TRY(SqliteConnection::open(url.substr(sqlite_scheme.size()), SqliteAccess::read_write,
                                          limits::sqlite_busy_time));
    }
    PostgresTarget target;
    target.url = url;
    return TRY(PostgresConnection::open(target));
}

Result<void> make(const std::string& url, int version) {
    const auto connection = TRY(connect(url));
    return migrate(*connection, version);
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        std::fputs("usage: old_store URL VERSION\n", stderr);
        return 2;
    }
    const auto made = make(arguments[1], std::atoi(arguments[2]));
    if (made.has_value()) return 0;
    std::fprintf(stderr, "old_store: %s\n", made.error().message.c_str());
    return 1;
}

#include "store/postgres_errors.hpp"

#include <libpq-fe.h>

#include <memory>

namespace postern::store {
namespace {

struct OptionsCloser {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, OptionsCloser>;

Options parse(const std::string& url) {
    char* message = nullptr;  // quotes the URL: not for anyone's eyes
    Options options(PQconninfoParse(url.c_str(), &message));
    PQfreemem(message);
    return options;
}

std::string option(const Options& options, std::string_view keyword) {
    for (const auto* entry = options.get(); entry != nullptr && entry->keyword != nullptr; ++entry) {
        if (entry->keyword == keyword && entry->val != nullptr) return entry->val;
    }
    return {};
}

}  // namespace

Result<void> check_postgres_url(const std::string& url) {
    const auto options = parse(url);
    // A password with a raw / or @ in it ends up in the port, the host or the database, and so in messages.
    const auto has_at = [&](std::string_view keyword) {
        return option(options, keyword).find('@') != std::string::npos;
    };
    const bool port_is_number = option(options, "port").find_first_not_of("0123456789,") == std::string::npos;
    if (options && port_is_number && !has_at("host") && !has_at("dbname")) return {};
    return invalid_input("invalid_store_url",
                         "The store's URL cannot be understood. It should look like "
                         "postgresql://user@host/database?sslmode=verify-full, with special characters of a password "
                         "percent-encoded.");
}

std::string postgres_place(const std::string& url) {
    const auto options = parse(url);
    auto host = option(options, "host");
    if (host.empty()) host = option(options, "hostaddr");
    const auto database = option(options, "dbname");
    return "host " + (host.empty() ? "local" : host) + ", database " + (database.empty() ? "of the user" : database);
}

std::string first_line(std::string_view message) {
    auto line = message.substr(0, message.find('\n'));
    while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.remove_suffix(1);
    return std::string(line.empty() ? "no reason given" : line);
}

bool ends_connection(std::string_view sqlstate) {
    return sqlstate.starts_with("08")       // connection exceptions
           || sqlstate.starts_with("57P0")  // the server shuts down, or has crashed
           || sqlstate == "25P03"           // our transaction was idle for too long
           || sqlstate == "25006";          // read-only: no longer the primary
}

Error postgres_error(std::string_view sqlstate, std::string_view message, std::string_view place) {
    const std::string who = "PostgreSQL (" + std::string(place) + ")";
    if (sqlstate == "40001" || sqlstate == "40P01") return conflict("retry", who + ": " + std::string(message));
    if (sqlstate == "23505") return conflict("unique_violation", std::string(message));
    if (sqlstate == "57014" || sqlstate == "55P03") {
        return unavailable(who + " could not do it in time: " + std::string(message) + ".");
    }
    if (sqlstate.starts_with("53") || sqlstate.starts_with("58")) {
        return unavailable(who + " is out of resources: " + std::string(message) + ".");
    }
    return internal_error(who + " refused a statement: " + std::string(message) + " (SQLSTATE " +
                          std::string(sqlstate) + ").");
}

}  // namespace postern::store

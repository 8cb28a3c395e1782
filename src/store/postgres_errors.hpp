// What PostgreSQL reports, as errors of the driver port; and how to speak of a database without its password.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace postern::store {

// Errors: invalid_input "invalid_store_url"; does not quote it.
Result<void> check_postgres_url(const std::string& url);
// "host db.example, database postern", from a URL that is good.
std::string postgres_place(const std::string& url);

// libpq's messages go on with hints over several lines. Without the full stop.
std::string first_line(std::string_view message);

// Whether the server ends the connection with this SQLSTATE, or it is of no more use to us.
bool ends_connection(std::string_view sqlstate);
// `message` is the primary one: details may quote what is stored.
Error postgres_error(std::string_view sqlstate, std::string_view message, std::string_view place);

}  // namespace postern::store

// Points in time as text: RFC 3339 as we write it, and the ways in which others write the same.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace postern {

// "2027-01-15T08:00:00.123Z": loses nothing of a Timestamp. parse_time() reads it back.
std::string write_time(Timestamp time);

// Reads RFC 3339 and what PostgreSQL, SQLite and Python make of it: a space for the T, a zone of hours alone, no zone
// (taken for UTC), no time of day (midnight). Also a plain number: seconds since 1970, or milliseconds when it has more
// than eleven digits. Years 1970 to 9999; what is finer than a millisecond is dropped. Nothing for anything else.
std::optional<Timestamp> parse_time(std::string_view text);

}  // namespace postern

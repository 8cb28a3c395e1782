// What is known of each origin: its columns, and how its JSON is laid out.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "cli/import_format.hpp"
#include "core/import.hpp"

namespace postern::cli {

struct FieldNames {
    core::ImportField field;
    std::vector<std::string_view> names;  // of columns, the likeliest first
};
// Every field that the origin can tell.
const std::vector<FieldNames>& field_names(Origin origin);

// Judged by the names of a record's columns, or of its members.
Origin guess_origin(std::span<const std::string> names);

// The object that holds a user's columns; none when `record` is no user. Django keeps them in "fields".
const boost::json::object* columns_of(Origin origin, const boost::json::object& record);

// A column's value as text. Errors: invalid_input "invalid_value" for an object, or for an array of anything but texts.
Result<std::string> text_of(std::string_view name, const boost::json::value& value);

// What Keycloak keeps elsewhere than in plain columns: the password, and the locale.
// Errors: those of HashImporter, "invalid_hash".
Result<void> read_keycloak_user(const boost::json::object& user, const core::HashImporter& hashes,
                                core::ImportedRecord& record);

}  // namespace postern::cli

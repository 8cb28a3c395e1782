// A JSON object as text, for rooms that keep one without looking into its values.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace postern {

struct JsonMembers {
    std::vector<std::string> names;  // in order, each once
    std::string text;                // the whole object, compact
};

// As strict as parse_json(). Errors: those of it; invalid_input "invalid_json" for what is no object.
Result<JsonMembers> read_json_members(std::string_view text);

}  // namespace postern

// Writing JSON without reading any: for rooms that only need to pass a few texts on.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace postern {

// {"name": "value", …} as compact JSON text, in order of the names. The texts are UTF-8.
std::string write_json_object(const std::map<std::string, std::string>& members);

// `text` as a JSON string, in its quotes.
std::string quote_json(std::string_view text);

}  // namespace postern

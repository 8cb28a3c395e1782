// Writing JSON without reading any: for rooms that only need to pass a few texts on.
#pragma once

#include <map>
#include <string>

namespace postern {

// {"name": "value", …} as compact JSON text, in order of the names. The texts are UTF-8.
std::string write_json_object(const std::map<std::string, std::string>& members);

}  // namespace postern

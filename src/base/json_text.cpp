#include "base/json_text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace postern {

std::string write_json_object(const std::map<std::string, std::string>& members) {
    boost::json::object object;
    for (const auto& [name, value] : members) object.emplace(name, value);
    return boost::json::serialize(object);
}

std::string quote_json(std::string_view text) {
    return boost::json::serialize(boost::json::string_view(text));
}

}  // namespace postern

#include "base/json_members.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/json.hpp"

namespace postern {

Result<JsonMembers> read_json_members(std::string_view text) {
    const auto value = TRY(parse_json(text));
    if (!value.is_object()) return invalid_input("invalid_json", "The JSON text is no object");
    JsonMembers members;
    for (const auto& member : value.get_object()) members.names.emplace_back(member.key());
    members.text = boost::json::serialize(value);
    return members;
}

}  // namespace postern

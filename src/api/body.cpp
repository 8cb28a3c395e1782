#include "api/body.hpp"

#include "base/ascii.hpp"
#include "http/text.hpp"

namespace postern::api {

bool has_json_type(const http::Request& request) {
    const auto type = request.header("Content-Type");
    if (!type.has_value() || request.count_header("Content-Type") > 1) return false;
    const auto media_type = http::trim_spaces(type->substr(0, type->find(';')));
    return equal_ignoring_case(media_type, "application/json");
}

}  // namespace postern::api

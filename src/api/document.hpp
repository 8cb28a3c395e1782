// The OpenAPI 3.0.3 document, derived from the table of endpoints and the declarations of the messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint.hpp"

namespace postern::api {

// JSON text. `server_url` is the public URL with the base path; `version` is the program's.
std::string openapi_document(const std::vector<Endpoint>& endpoints, std::string_view server_url,
                             std::string_view version);

}  // namespace postern::api

// The OpenAPI 3.0.3 document, derived from the table of endpoints and the declarations of the messages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint.hpp"

namespace postern::api {

// What a document is about.
struct Interface {
    std::string title;
    std::string tag;  // of every operation
    std::string description;
    std::string server_url;  // the public URL with the base path of the endpoints
    std::string version;     // of the program
};

// JSON text.
std::string openapi_document(const std::vector<Endpoint>& endpoints, const Interface& interface);

}  // namespace postern::api

// The map of endpoints, and the document that describes them.
#pragma once

#include <string>

#include "api/service.hpp"
#include "http/router.hpp"

namespace postern::api {

// Adds every endpoint. `service` must outlive the router.
void add_routes(http::Router& router, const Service& service);

// The OpenAPI 3.0.3 document of the endpoints under `base_path`, as JSON text.
std::string openapi_document(const std::string& public_url, const std::string& base_path, const std::string& version);

}  // namespace postern::api

// The map of endpoints.
#pragma once

#include <string>
#include <vector>

#include "api/endpoint.hpp"
#include "api/service.hpp"
#include "http/router.hpp"

namespace postern::api {

// Adds every endpoint. `service` must outlive the router.
void add_routes(http::Router& router, const Service& service);

// The endpoints under the base path that the document describes.
std::vector<Endpoint> endpoints();

// One flow to a file of its name; each says what it takes and gives.
FlowResult log_in(const Service& service, const http::Request& request);
Facts describe_log_in();
FlowResult refresh(const Service& service, const http::Request& request);
Facts describe_refresh();
FlowResult revoke_access(const Service& service, const http::Request& request);
Facts describe_revoke_access();
FlowResult revoke_refresh(const Service& service, const http::Request& request);
Facts describe_revoke_refresh();
FlowResult me(const Service& service, const http::Request& request);
Facts describe_me();

// Answers from memory, for machines: the keys, and how the server is.
http::Response jwks(const Service& service, const http::Request& request);
http::Response healthz(const Service& service, const http::Request& request);
http::Response readyz(const Service& service, const http::Request& request);
http::Response metrics(const Service& service, const http::Request& request);

}  // namespace postern::api

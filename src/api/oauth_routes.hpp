// The map of the OAuth endpoints, which stand where clients of OAuth look for them, outside the base path.
//
// Their errors are those of RFC 6749 section 5.2. The password grant is absent on purpose: RFC 9700 section 2.4 forbids
// it, and POST /token of the interface is its place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/client_authentication.hpp"
#include "api/endpoint.hpp"
#include "api/form.hpp"

namespace postern::api::oauth {

inline constexpr std::string_view base_path = "/oauth2";

// The endpoints under it.
std::vector<Endpoint> endpoints();

FlowResult introspect(const Service& service, const http::Request& request);
Facts describe_introspect();
FlowResult revoke(const Service& service, const http::Request& request);
Facts describe_revoke();
FlowResult grant(const Service& service, const http::Request& request);
Facts describe_grant();

// GET /.well-known/oauth-authorization-server (RFC 8414), from memory.
http::Response metadata(const Service& service, const http::Request& request);
// Where an issuer with a path is asked about (RFC 8414 section 3.1): the path of the issuer follows. The same as
// without, for one that has none.
std::string metadata_path(std::string_view issuer);

// {"error", "error_description"}, which no cache may keep. What is no fault of the request is told as for any other
// endpoint: the machine's troubles stay in the log.
http::Response answer_error(const Error& error, const http::Request& request);

// As find_client() and get_client() of client_authentication.hpp. Errors: also unauthenticated "invalid_client" for an
// assertion (RFC 7523), which is not understood here.
Result<std::optional<core::AuthenticatedClient>> find_client(const Service& service, const http::Request& request,
                                                             const Form& form);
Result<core::AuthenticatedClient> get_client(const Service& service, const http::Request& request, const Form& form);

}  // namespace postern::api::oauth

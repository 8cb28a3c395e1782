// How a client proves itself: RFC 6749 section 2.3.1, client_secret_basic and client_secret_post.
#pragma once

#include <optional>
#include <string_view>

#include "api/service.hpp"
#include "base/result.hpp"
#include "core/client_directory.hpp"
#include "http/message.hpp"

namespace postern::api {

// What a form body may say in place of the header.
struct PostedClient {
    std::optional<std::string_view> client_id;
    std::optional<std::string_view> client_secret;
};

// The client of an Authorization header of the scheme Basic, or the posted one; nothing when the request shows neither
// (a client_id alone proves nothing). From memory. Errors: invalid_input "invalid_request" for a secret in both places,
// two clients, or a repeated header; unauthenticated "invalid_client", for another scheme too.
Result<std::optional<core::AuthenticatedClient>> find_client(const Service& service, const http::Request& request,
                                                             const PostedClient& posted = {});
// The same where a client is needed. Errors: also unauthenticated "invalid_client".
Result<core::AuthenticatedClient> get_client(const Service& service, const http::Request& request,
                                             const PostedClient& posted = {});

}  // namespace postern::api

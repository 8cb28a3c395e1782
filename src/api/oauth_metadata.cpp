// GET /.well-known/oauth-authorization-server (RFC 8414): what libraries ask for to find everything else.
#include "api/answer.hpp"
#include "api/oauth_messages.hpp"
#include "api/oauth_routes.hpp"

namespace postern::api::oauth {

http::Response metadata(const Service& service, const http::Request& request) {
    const std::string endpoints = service.public_url + std::string(base_path);
    const std::vector<std::string> with_secret = {"client_secret_basic", "client_secret_post"};
    const std::vector<std::string> with_secret_or_none = {"client_secret_basic", "client_secret_post", "none"};
    const ServerMetadata message{
        .issuer = service.token_policy.issuer,
        .token_endpoint = endpoints + "/token",
        .jwks_uri = service.public_url + "/.well-known/jwks.json",
        .response_types_supported = {},  // required, though there is no authorization endpoint
        .grant_types_supported = {"refresh_token", "client_credentials"},
        .token_endpoint_auth_methods_supported = with_secret_or_none,
        .revocation_endpoint = endpoints + "/revoke",
        .revocation_endpoint_auth_methods_supported = with_secret_or_none,
        .introspection_endpoint = endpoints + "/introspect",
        .introspection_endpoint_auth_methods_supported = with_secret,
    };
    return answer_public_json(request, serialise(message));
}

std::string metadata_path(std::string_view issuer) {
    std::string path = "/.well-known/oauth-authorization-server";
    const auto scheme_end = issuer.find("://");
    if (scheme_end == std::string_view::npos) return path;
    const auto slash = issuer.find('/', scheme_end + 3);
    if (slash == std::string_view::npos) return path;
    path += issuer.substr(slash);
    if (path.ends_with('/')) path.pop_back();  // RFC 8414 section 3.1
    return path;
}

}  // namespace postern::api::oauth

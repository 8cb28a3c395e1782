#include "api/oauth_routes.hpp"

#include <algorithm>
#include <array>

#include "api/answer.hpp"
#include "api/oauth_messages.hpp"

namespace postern::api::oauth {
namespace {

// RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 8707 section 2; what else is wrong with a request is invalid.
std::string word_of(const Error& error) {
    constexpr std::array<std::string_view, 7> own = {"invalid_request",     "invalid_client",         "invalid_grant",
                                                     "unauthorized_client", "unsupported_grant_type", "invalid_scope",
                                                     "invalid_target"};
    if (std::ranges::find(own, error.code) != own.end()) return error.code;
    switch (error.kind) {
        case ErrorKind::internal: return "server_error";
        case ErrorKind::throttled:
        case ErrorKind::not_current:
        case ErrorKind::overloaded:
        case ErrorKind::unavailable: return "temporarily_unavailable";
        default: return "invalid_request";
    }
}

Result<PostedClient> posted_client(const Form& form) {
    if (form.find("client_assertion").has_value() || form.find("client_assertion_type").has_value()) {
        return unauthenticated("invalid_client", "Client assertions are not understood here; send the client's secret");
    }
    return PostedClient{form.find("client_id"), form.find("client_secret")};
}

}  // namespace

using http::Method;

std::vector<Endpoint> endpoints() {
    return {
        {Method::post, "/token", grant, describe_grant()},
        {Method::post, "/introspect", introspect, describe_introspect()},
        {Method::post, "/revoke", revoke, describe_revoke()},
    };
}

http::Response answer_error(const Error& error, const http::Request& request) {
    auto response = api::answer_error(error, request);
    const OAuthErrorResponse body{word_of(error), quotable(public_message(error, request))};
    response.body = serialise(body);
    return response;
}

Result<std::optional<core::AuthenticatedClient>> find_client(const Service& service, const http::Request& request,
                                                             const Form& form) {
    const auto posted = TRY(posted_client(form));
    return api::find_client(service, request, posted);
}

Result<core::AuthenticatedClient> get_client(const Service& service, const http::Request& request, const Form& form) {
    const auto posted = TRY(posted_client(form));
    return api::get_client(service, request, posted);
}

}  // namespace postern::api::oauth

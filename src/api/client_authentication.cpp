#include "api/client_authentication.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "base/encoding.hpp"

namespace postern::api {
namespace {

struct Credentials {
    std::string client_id;
    SecretString secret;
};

Error refused(std::string message) {
    return unauthenticated("invalid_client", std::move(message));
}

// RFC 7617, with both parts in the encoding of forms (RFC 6749 section 2.3.1).
Result<Credentials> read_basic(std::string_view header) {
    const auto scheme_end = std::min(header.find(' '), header.size());
    if (!equal_ignoring_case(header.substr(0, scheme_end), "Basic")) {
        return refused("The Authorization header must be: Basic <client_id and secret>");
    }
    const auto decoded = decode_base64_secret(trim_spaces(header.substr(scheme_end)));
    const auto colon = decoded.has_value() ? decoded->reveal().find(':') : std::string_view::npos;
    if (colon == std::string_view::npos) {
        return refused("The Authorization header must hold the base64 of client_id, a colon and the secret");
    }
    auto client_id = decode_form(decoded->reveal().substr(0, colon));
    auto secret = decode_form(decoded->reveal().substr(colon + 1));
    if (!client_id.has_value() || !secret.has_value()) {
        return refused("The client_id and the secret must be percent-encoded (RFC 6749 section 2.3.1)");
    }
    return Credentials{std::move(*client_id), SecretString::take_from(*secret)};
}

Result<std::optional<Credentials>> read_credentials(const http::Request& request, const PostedClient& posted) {
    const auto header = request.header("Authorization");
    if (!header.has_value()) {
        if (!posted.client_secret.has_value()) return std::optional<Credentials>();
        return std::optional(
            Credentials{std::string(posted.client_id.value_or("")), SecretString(*posted.client_secret)});
    }
    if (request.count_header("Authorization") > 1) {
        return invalid_input("invalid_request", "Only one Authorization header may be sent");
    }
    if (posted.client_secret.has_value()) {
        return invalid_input("invalid_request",
                             "The client's secret stands in the Authorization header and in the body; send it once");
    }
    auto credentials = TRY(read_basic(*header));
    if (posted.client_id.has_value() && *posted.client_id != credentials.client_id) {
        return invalid_input("invalid_request", "The client_id of the body is not that of the Authorization header");
    }
    return std::optional(std::move(credentials));
}

}  // namespace

Result<std::optional<core::AuthenticatedClient>> find_client(const Service& service, const http::Request& request,
                                                             const PostedClient& posted) {
    const auto credentials = TRY(read_credentials(request, posted));
    if (!credentials.has_value()) return std::optional<core::AuthenticatedClient>();
    auto client = TRY(service.clients.authenticate(credentials->client_id, credentials->secret.reveal()));
    return std::optional(std::move(client));
}

Result<core::AuthenticatedClient> get_client(const Service& service, const http::Request& request,
                                             const PostedClient& posted) {
    auto client = TRY(find_client(service, request, posted));
    if (client.has_value()) return std::move(*client);
    return refused("This is for clients: send client_id and secret by HTTP Basic");
}

}  // namespace postern::api

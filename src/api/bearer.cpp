#include "api/bearer.hpp"

#include <algorithm>
#include <string>

#include "base/ascii.hpp"
#include "base/limits.hpp"

namespace postern::api {
namespace {

// Whatever else does not belong into a token is left to the reader of tokens, which looks at each byte anyway.
bool is_one_token(std::string_view text) {
    return text.find(' ') == std::string_view::npos && text.find(',') == std::string_view::npos;
}

Error malformed(std::string message) {
    return unauthenticated("invalid_token", std::move(message));
}

}  // namespace

Result<std::optional<std::string_view>> find_bearer_token(const http::Request& request) {
    const auto header = request.header("Authorization");
    if (!header.has_value()) return std::optional<std::string_view>();
    if (request.count_header("Authorization") > 1) {
        return invalid_input("repeated_authorization", "Only one Authorization header may be sent");
    }
    const auto scheme_end = std::min(header->find(' '), header->size());
    if (!equal_ignoring_case(header->substr(0, scheme_end), "Bearer")) {
        return unauthenticated("unsupported_authorization", "The Authorization header must be: Bearer <token>");
    }
    auto token = header->substr(scheme_end);
    token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
    token = token.substr(0, token.find_last_not_of(' ') + 1);
    if (token.empty()) return malformed("The Authorization header holds no token after Bearer");
    if (token.size() > limits::token_bytes) {
        return malformed("The token is longer than " + std::to_string(limits::token_bytes) + " bytes");
    }
    if (!is_one_token(token)) return malformed("The Authorization header holds something that is not one token");
    return std::optional<std::string_view>(token);
}

Result<std::string_view> bearer_token(const http::Request& request) {
    const auto token = TRY(find_bearer_token(request));
    if (!token.has_value()) return unauthenticated("missing_authorization", "Missing Authorization header");
    return *token;
}

}  // namespace postern::api

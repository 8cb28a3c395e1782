#include "api/bearer.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/ascii.hpp"
#include "base/limits.hpp"

namespace postern::api {
namespace {

// By byte; every request with a token looks at some hundreds of them.
constexpr auto token68_characters = [] {
    std::array<bool, 256> characters{};
    for (const char c : std::string_view("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~+/")) {
        characters.at(static_cast<unsigned char>(c)) = true;
    }
    return characters;
}();

// One run of token68 characters with optional padding; a comma or a space would mean that there is more than one.
bool is_token68(std::string_view text) {
    const auto padding = text.find_last_not_of('=');
    if (padding == std::string_view::npos) return false;
    bool all = true;  // without a branch for each: nearly always they are, and a token is long
    for (const char c : text.substr(0, padding + 1)) all &= token68_characters[static_cast<unsigned char>(c)];
    return all;
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
    if (!is_token68(token)) return malformed("The Authorization header holds something that is not one token");
    return std::optional<std::string_view>(token);
}

Result<std::string_view> bearer_token(const http::Request& request) {
    const auto token = TRY(find_bearer_token(request));
    if (!token.has_value()) return unauthenticated("missing_authorization", "Missing Authorization header");
    return *token;
}

}  // namespace postern::api

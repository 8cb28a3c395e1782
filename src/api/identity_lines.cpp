#include "api/identity_lines.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "core/scopes.hpp"

namespace postern::api {

std::string identity_lines(const core::AccessClaims& claims) {
    const std::array<std::pair<std::string_view, std::string>, 7> identity = {
        {{"X-Auth-Subject", claims.subject.text()},
         {"X-Auth-Client", claims.client_id},
         {"X-Auth-Session", claims.is_clients_own() ? std::string() : claims.session_id.text()},
         {"X-Auth-Roles", core::join_words(claims.roles)},
         {"X-Auth-Scope", core::join_words(claims.scopes)},
         {"X-Auth-Token-Id", claims.token_id.text()},
         {"X-Auth-Expires", std::to_string(to_milliseconds(claims.expires_at) / 1000)}}};
    std::string lines;
    for (const auto& [name, value] : identity) {
        const auto fits = [](char c) { return c >= ' ' && c <= '~'; };
        if (!std::ranges::all_of(value, fits)) return {};
        lines.append(name).append(": ").append(value).append("\r\n");
    }
    return lines;
}

}  // namespace postern::api

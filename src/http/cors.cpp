#include "http/cors.hpp"

#include <algorithm>

namespace postern::http {

std::string_view Cors::allowed_origin(const Request& request) const {
    const auto origin = request.header("Origin");
    if (!origin) return {};
    const auto found = std::find(origins_.begin(), origins_.end(), *origin);
    if (found != origins_.end() && *found != "*") return *found;
    return std::find(origins_.begin(), origins_.end(), "*") != origins_.end() ? "*" : std::string_view();
}

void Cors::decorate(const Request& request, Response& response) const {
    // What says so itself is for everybody, and the same for all.
    if (origins_.empty() || response.header("Access-Control-Allow-Origin").has_value()) return;
    // Also without an Origin: a cache must not hand this answer to a request that has one.
    response.with("Vary", "Origin");
    const std::string_view origin = allowed_origin(request);
    if (origin.empty()) return;
    response.with("Access-Control-Allow-Origin", std::string(origin));
    response.with("Access-Control-Expose-Headers", "X-Request-Id, Retry-After, WWW-Authenticate");
    if (origin != "*") response.with("Access-Control-Allow-Credentials", "true");
}

void Cors::answer_preflight(const Request& request, std::string_view allow, Response& response) const {
    if (!request.header("Access-Control-Request-Method") || allowed_origin(request).empty()) return;
    response.with("Access-Control-Allow-Methods", std::string(allow));
    response.with("Access-Control-Allow-Headers", "Authorization, Content-Type");
    response.with("Access-Control-Max-Age", "600");
}

}  // namespace postern::http

#include "http/router.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace postern::http {
namespace {

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

// "/a/{b}" -> "a", "{b}". The path begins with a slash.
std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(1);
        const auto end = std::min(path.find('/'), path.size());
        segments.emplace_back(path.substr(0, end));
        path.remove_prefix(end);
    }
    return segments;
}

// Walks path and pattern together, and calls `on_parameter(name, segment)` for each parameter on the way.
template <typename OnParameter>
bool walk(const std::vector<std::string>& segments, std::string_view path, OnParameter on_parameter) {
    for (const std::string& wanted : segments) {
        if (path.empty() || path.front() != '/') return false;
        path.remove_prefix(1);
        const std::string_view segment = path.substr(0, path.find('/'));
        if (is_parameter(wanted)) {
            if (segment.empty()) return false;
            on_parameter(std::string_view(wanted).substr(1, wanted.size() - 2), segment);
        } else if (segment != wanted) {
            return false;
        }
        path.remove_prefix(segment.size());
    }
    return path.empty();
}

bool covers(const std::string& pattern, const std::vector<std::string>& segments, std::string_view path) {
    return segments.empty() ? pattern == path : walk(segments, path, [](auto, auto) {});
}

}  // namespace

void Router::add(Method method, std::string pattern, Handler handler) {
    if (pattern.empty() || pattern.front() != '/') throw std::logic_error("a route begins with a slash: " + pattern);
    std::vector<std::string> segments = split(pattern);
    if (std::none_of(segments.begin(), segments.end(), is_parameter)) segments.clear();
    for (const Route& route : routes_) {
        if (route.method == method && route.pattern == pattern) throw std::logic_error("route added twice: " + pattern);
    }
    if (segments.empty()) {
        ByMethod none;
        none.fill(no_route);
        plain_.emplace(pattern, none).first->second.at(static_cast<std::size_t>(method)) = routes_.size();
    }
    routes_.push_back({method, std::move(pattern), std::move(segments), std::move(handler)});
}

const Router::Route* Router::find_plain(const Request& request) const {
    const auto found = plain_.find(std::string_view(request.path));
    if (found == plain_.end()) return nullptr;
    const auto of = [&found](Method method) { return found->second.at(static_cast<std::size_t>(method)); };
    std::size_t route = of(request.method);
    if (route == no_route && request.method == Method::head) route = of(Method::get);
    return route == no_route ? nullptr : &routes_[route];
}

const Router::Route* Router::find_with_parameters(const Request& request) const {
    const Route* found_for_head = nullptr;
    for (const Route& route : routes_) {
        if (route.segments.empty()) continue;
        const bool same_method = route.method == request.method;
        const bool get_for_head = request.method == Method::head && route.method == Method::get;
        if (!same_method && !get_for_head) continue;
        if (!covers(route.pattern, route.segments, request.path)) continue;
        if (same_method) return &route;
        if (found_for_head == nullptr) found_for_head = &route;
    }
    return found_for_head;
}

Router::Match Router::match(Request& request) const {
    request.path_parameters.clear();
    const Route* route = find_plain(request);
    if (route == nullptr) route = find_with_parameters(request);
    if (route != nullptr) {
        walk(route->segments, request.path, [&request](std::string_view name, std::string_view segment) {
            request.path_parameters.emplace_back(name, segment);
        });
        return {.handler = &route->handler,
                .pattern = route->pattern,
                .allow = {},
                .route = static_cast<std::size_t>(route - routes_.data())};
    }
    Match match;
    match.allow = allowed_methods(request.path);
    for (const Route& other : routes_) {
        if (match.allow.empty()) break;
        if (covers(other.pattern, other.segments, request.path)) {
            match.pattern = other.pattern;
            break;
        }
    }
    return match;
}

std::string Router::allowed_methods(std::string_view path) const {
    std::array<bool, method_count> allowed{};
    for (const Route& route : routes_) {
        if (!covers(route.pattern, route.segments, path)) continue;
        allowed.at(static_cast<std::size_t>(route.method)) = true;
        allowed.at(static_cast<std::size_t>(Method::options)) = true;
        if (route.method == Method::get) allowed.at(static_cast<std::size_t>(Method::head)) = true;
    }
    std::string text;
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        if (!allowed.at(i)) continue;
        if (!text.empty()) text += ", ";
        text += name(static_cast<Method>(i));
    }
    return text;
}

}  // namespace postern::http

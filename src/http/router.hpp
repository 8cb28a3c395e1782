// Which handler answers a path. Built once, before the server starts; then read by every thread.
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "http/message.hpp"

namespace postern::http {

// Answers from memory at once, on the connection's thread.
using InlineHandler = std::function<Response(const Request&)>;
// May wait for a lane or the store.
using AsyncHandler = std::function<boost::asio::awaitable<Response>(const Request&)>;
// Answers from memory where that can be done, without the cost of a coroutine; nothing when it must wait after all.
struct MemoryFirstHandler {
    std::function<std::optional<Response>(const Request&)> from_memory;
    AsyncHandler otherwise;
};
using Handler = std::variant<InlineHandler, AsyncHandler, MemoryFirstHandler>;

class Router {
public:
    // `pattern` is a path whose segments may be `{name}`, which stands for one segment that is not empty. A GET route
    // answers HEAD too. A slash at the end makes another path. Adding the same pair twice is a bug and throws.
    void add(Method method, std::string pattern, Handler handler);

    static constexpr std::size_t no_route = static_cast<std::size_t>(-1);
    struct Match {
        const Handler* handler = nullptr;  // none: `allow` tells 404 (empty) from 405
        std::string_view pattern;          // for metrics and logs: never the path itself, which a stranger chose
        std::string allow;                 // the Allow header's value, when the path exists with other methods
        std::size_t route = no_route;      // which of the routes, in the order of their adding; for metrics
    };
    // Fills request.path_parameters, with the segments as they were sent (not decoded). A pattern without parameters
    // goes before one with them.
    [[nodiscard]] Match match(Request& request) const;

    // The methods that `path` answers, as the value of an Allow header; empty when there is no such path.
    [[nodiscard]] std::string allowed_methods(std::string_view path) const;

    [[nodiscard]] std::size_t size() const { return routes_.size(); }
    [[nodiscard]] std::string_view pattern(std::size_t route) const { return routes_.at(route).pattern; }

private:
    struct Route {
        Method method;
        std::string pattern;
        std::vector<std::string> segments;  // empty: the pattern has no parameter
        Handler handler;
    };
    [[nodiscard]] const Route* find_plain(const Request& request) const;
    [[nodiscard]] const Route* find_with_parameters(const Request& request) const;

    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
    };
    using ByMethod = std::array<std::size_t, method_count>;  // which of the routes; no_route
    std::vector<Route> routes_;
    std::unordered_map<std::string, ByMethod, TextHash, std::equal_to<>> plain_;  // those without a parameter, by path
};

}  // namespace postern::http

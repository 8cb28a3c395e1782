// Which handler answers a path. Built once, before the server starts; then read by every thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "http/message.hpp"

namespace postern::http {

// Answers from memory at once, on the connection's thread.
using InlineHandler = std::function<Response(const Request&)>;
// May wait for a lane or the store.
using AsyncHandler = std::function<boost::asio::awaitable<Response>(const Request&)>;
using Handler = std::variant<InlineHandler, AsyncHandler>;

class Router {
public:
    // `pattern` is a path whose segments may be `{name}`. A GET route answers HEAD too.
    void add(Method method, std::string pattern, Handler handler);

    struct Match {
        const Handler* handler = nullptr;  // none: `allow` tells 404 (empty) from 405
        std::string_view pattern;          // for metrics and logs: never the path itself, which a stranger chose
        std::string allow;                 // the Allow header's value, when the path exists with other methods
    };
    // Fills request.path_parameters.
    [[nodiscard]] Match match(Request& request) const;

private:
    struct Route {
        Method method;
        std::string pattern;
        std::vector<std::string> segments;
        Handler handler;
    };
    std::vector<Route> routes_;
};

}  // namespace postern::http

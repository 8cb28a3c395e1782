#include "http/dispatch.hpp"

#include <algorithm>
#include <exception>
#include <new>
#include <optional>
#include <utility>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace postern::http {
namespace {

Response answer_bug(const Request& request, std::string_view what) {
    log::error("handler_exception", {{"id", request.request_id}, {"what", what}});
    return error_response(500, "internal_error", "Internal error; see the log under request id " + request.request_id);
}

// In a handler of `catch (...)`: what the exception there means for the client.
Response answer_exception(const Request& request) {
    try {
        throw;
    } catch (const std::bad_alloc&) {  // the machine's state, and no bug; it may pass
        log::warning("no_memory", {{"id", request.request_id}});
        Response response = error_response(503, "unavailable", "The service is unavailable for a moment; try again");
        response.with("Retry-After", "1");
        return response;
    } catch (const std::exception& bug) {
        return answer_bug(request, bug.what());
    } catch (...) {
        return answer_bug(request, "not a std::exception");
    }
}

// A body with a method that has no use for one (RFC 9110 section 9.3.1). It was read, and is refused rather than
// ignored: whoever sends one means something by it that will not happen.
bool has_unexpected_body(const Request& request) {
    return (request.method == Method::get || request.method == Method::head) && !request.body.empty();
}

Response answer_unexpected_body() {
    return error_response(400, "unexpected_body", "A GET or HEAD request has no body here; send it without one");
}

}  // namespace

std::optional<Response> answer_at_once(const Router::Match& match, const Request& request) {
    if (match.handler == nullptr) return std::nullopt;
    if (has_unexpected_body(request)) return answer_unexpected_body();
    try {
        if (const auto* direct = std::get_if<InlineHandler>(match.handler)) return (*direct)(request);
        if (const auto* first = std::get_if<MemoryFirstHandler>(match.handler)) return first->from_memory(request);
        return std::nullopt;
    } catch (...) {
        return answer_exception(request);
    }
}

boost::asio::awaitable<Response> call(const AsyncHandler& handler, const Request& request) {
    try {
        co_return co_await handler(request);
    } catch (...) {
        co_return answer_exception(request);
    }
}

Response answer_without_handler(const Request& request, const Router::Match& match, const Cors& cors) {
    if (match.allow.empty()) return error_response(404, "not_found", "There is nothing at this path");
    if (request.method == Method::options) {
        Response response{.status = 204};
        response.with("Allow", match.allow);
        cors.answer_preflight(request, match.allow, response);
        return response;
    }
    Response response =
        error_response(405, "method_not_allowed", "This path does not have that method; it has " + match.allow);
    response.with("Allow", match.allow);
    return response;
}

std::string_view acceptable_request_id(const Request& request) {
    const std::string_view id = request.header("X-Request-Id").value_or("");
    const bool acceptable = id.size() <= limits::request_id_bytes && std::all_of(id.begin(), id.end(), [](char c) {
                                return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                                       c == '.' || c == '_' || c == '-';
                            });
    return acceptable ? id : std::string_view();
}

}  // namespace postern::http

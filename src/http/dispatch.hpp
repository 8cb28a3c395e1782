// From a request to its answer: the handler's, or ours when there is none or it threw. Inside this room only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>

#include "http/cors.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace postern::http {

// What can be answered without waiting; nothing when it takes call() or answer_without_handler(). An exception in a
// handler is a bug: it is logged, and the client gets a 500 that names the request.
std::optional<Response> answer_at_once(const Router::Match& match, const Request& request);
boost::asio::awaitable<Response> call(const AsyncHandler& handler, const Request& request);

// For a request that no route answers: 404, 405 with Allow, or the 204 of an OPTIONS request.
Response answer_without_handler(const Request& request, const Router::Match& match, const Cors& cors);

// A proxy's or client's own X-Request-Id, if it is fit to be repeated and logged; empty otherwise.
std::string_view acceptable_request_id(const Request& request);

}  // namespace postern::http

// From a request to its answer: the handler's, or ours when there is none or it threw. Inside this room only.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "http/cors.hpp"
#include "http/message.hpp"
#include "http/router.hpp"

namespace postern::http {

// An exception in a handler is a bug: it is logged, and the client gets a 500 that names the request.
Response call(const InlineHandler& handler, const Request& request);
boost::asio::awaitable<Response> call(const AsyncHandler& handler, const Request& request);

// A body with a method that has no use for one (RFC 9110 section 9.3.1). It was read, and is refused rather than
// ignored: whoever sends one means something by it that will not happen.
bool has_unexpected_body(const Request& request);
Response answer_unexpected_body();

// For a request that no route answers: 404, 405 with Allow, or the 204 of an OPTIONS request.
Response answer_without_handler(const Request& request, const Router::Match& match, const Cors& cors);

// A proxy's or client's own X-Request-Id, if it is fit to be repeated and logged; empty otherwise.
std::string_view acceptable_request_id(const Request& request);

}  // namespace postern::http

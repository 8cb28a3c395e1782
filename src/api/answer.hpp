// How an outcome becomes an answer.
#pragma once

#include <string>
#include <string_view>

#include "api/schema.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/limits.hpp"
#include "http/message.hpp"

namespace postern::api {

// 200 with a JSON body that no cache may keep.
http::Response answer_json(std::string body);

template <typename Message>
http::Response answer(const Message& message) {
    return answer_json(serialise(message));
}

// 202: what becomes of it shows elsewhere, such as in somebody's mail.
template <typename Message>
http::Response answer_accepted(const Message& message) {
    auto response = answer(message);
    response.status = 202;
    return response;
}

// 200 with a public JSON body and a strong ETag, or 304 when the client has it already (RFC 9110 section 13.1.2).
// `max_age`: how long caches may keep it.
http::Response answer_public_json(const http::Request& request, const std::string& body,
                                  Milliseconds max_age = limits::jwks_max_age);

// Whether the client has what `tag` stands for already: If-None-Match (RFC 9110 section 13.1.2).
bool has_current(const http::Request& request, std::string_view tag);

// The status of the error's kind, with the headers that it calls for: WWW-Authenticate with 401 and whatever else
// concerns a token (RFC 6750 section 3), Retry-After with 503. The detail of an internal or unavailable error goes to
// the log only.
http::Response answer_error(const Error& error, const http::Request& request);

// What of an error a stranger may read.
std::string public_message(const Error& error, const http::Request& request);
// `text` fit for an error_description, in a header or a body: RFC 6749 section 5.2 allows printable ASCII without
// quotes and backslashes.
std::string quotable(std::string_view text);

}  // namespace postern::api

// How an outcome becomes an answer.
#pragma once

#include <string>
#include <string_view>

#include "api/schema.hpp"
#include "base/error.hpp"
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
http::Response answer_public_json(const http::Request& request, const std::string& body);

// The status of the error's kind, with the headers that it calls for: WWW-Authenticate with 401, Retry-After with 503.
// The detail of an internal or unavailable error goes to the log only.
http::Response answer_error(const Error& error, const http::Request& request);

}  // namespace postern::api

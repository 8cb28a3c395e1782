// The body of a request, and JSON ones.
#pragma once

#include <string_view>

#include "api/schema.hpp"
#include "base/result.hpp"
#include "core/text.hpp"
#include "http/message.hpp"

namespace postern::api {

// Whether the request says that its body is of that type, with whatever parameters.
bool has_content_type(const http::Request& request, std::string_view media_type);

// Errors: invalid_input "invalid_email", which names the field.
Result<core::EmailAddress> read_email_field(const core::Text& text, std::string_view field, std::string_view value);

// Errors: invalid_input; see parse_message().
template <typename Message>
Result<Message> parse_body(const http::Request& request) {
    if (request.body.empty() || !has_content_type(request, "application/json"))
        return invalid_input("missing_json_body", "Missing JSON body");
    return parse_message<Message>(request.body);
}

}  // namespace postern::api

// One declaration for each request and response type; parsing, serialising and the OpenAPI schema derive from it.
//
// A message is a plain struct, described to Boost.Describe, with two static members: its `name` in the document
// (`schema_name`, where a field is called name), and `notes`, one for each member in order, which say what a C++ type
// cannot. See messages.hpp. The functions below are instantiated there once for each message; their bodies are in
// schema_derive.hpp.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace postern::api {

enum class Presence {
    required,
    optional,  // absent means the member's value in a default-constructed message, which the document tells as default
};

// What a member's C++ type does not say of the field.
struct Note {
    std::string_view field;
    std::string_view description;
    Presence presence = Presence::required;
    std::string_view format = {};    // of the document; a string's format is checked by the flow that knows its meaning
    std::size_t minimum_length = 0;  // characters of a string; only 0 and 1 are used, so that bytes do as well
};

// Believes nothing: the text must be one JSON object with exactly the fields of `Message`.
// Errors: invalid_input "missing_json_body" when it is no JSON; "invalid_body" when it is no object; "duplicate_field",
// "unknown_field", "missing_field", "invalid_field", each naming the field and never quoting a value.
template <typename Message>
Result<Message> parse_message(std::string_view text);

// Believes no more of a query string: each parameter at most once, all of them optional, only those that `Query` has, a
// message too. Errors: invalid_input "invalid_query" (see split_query()), "unknown_parameter", "invalid_parameter",
// naming the parameter and never quoting a value.
template <typename Query>
Result<Query> parse_query(std::string_view text);

// As compact JSON text, fields in the order of their declaration; an empty std::optional is left out.
template <typename Message>
std::string serialise(const Message& message);

enum class SchemaUse {
    request,  // additionalProperties: false
    response,
};

template <typename Message>
boost::json::object describe_schema(SchemaUse use);

// Which message a request or an answer carries, for the table of endpoints.
struct Schema {
    std::string_view name = {};  // empty: no body
    boost::json::object (*describe)(SchemaUse use) = nullptr;
};

template <typename Message>
Schema schema_of() {
    if constexpr (requires { Message::schema_name; }) {
        return {Message::schema_name, &describe_schema<Message>};
    } else {
        return {Message::name, &describe_schema<Message>};
    }
}

}  // namespace postern::api

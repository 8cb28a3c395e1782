// What the table of endpoints says of each: the router and the document are both made from it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema.hpp"
#include "api/service.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace postern::api {

using FlowResult = boost::asio::awaitable<Result<http::Response>>;
// `request` lives until the flow has answered. An error becomes an answer by answer_error().
using Flow = FlowResult (*)(const Service& service, const http::Request& request);
// The same where it can be done from memory; nothing when it must wait, and the flow is to answer.
using FlowFromMemory = std::optional<http::Response> (*)(const Service& service, const http::Request& request);

enum class Credential {
    none,
    access_token,
    refresh_token,
    refresh_token_or_body,  // as Bearer, or in the body
    client,                 // HTTP Basic, or in a form (client_authentication.hpp)
    client_if_any,          // the same, where one may be shown
    admin_access_token,     // an access token of an administrator; the document adds the answers to anybody else
};

enum class Body { none, optional, required, form };  // form: required, and not JSON (form.hpp)

struct DocumentedAnswer {
    int status = 0;
    std::string_view description;
    Schema schema;
    std::string_view media_type = {};  // of a body that is no JSON, and has no schema
};

// What a flow takes and gives, kept beside the flow. The answers that the server itself gives to any request (413, 503,
// …) are added by the document.
struct Facts {
    std::string_view operation_id;
    std::string_view summary;
    std::string_view description;
    Credential credential = Credential::none;
    Body body = Body::none;
    Schema request;
    Schema query;  // of the query string; none: it is not looked at
    std::vector<DocumentedAnswer> answers;
};

struct Endpoint {
    http::Method method = http::Method::get;
    std::string_view path;  // under the base path; a segment {id} is the parameter that path_id() reads
    Flow flow = nullptr;
    Facts facts;
    FlowFromMemory from_memory = nullptr;  // tried first, where there is one
};

}  // namespace postern::api

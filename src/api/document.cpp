#include "api/document.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "api/messages.hpp"
#include "base/ascii.hpp"

namespace postern::api {
namespace {

namespace json = boost::json;

constexpr std::string_view access_scheme = "BearerAuth";
constexpr std::string_view refresh_scheme = "RefreshBearer";

// What the server may answer to any request, whatever the endpoint: described once, and referred to by `name`.
struct CommonAnswer {
    std::string_view name;
    int status = 0;
    std::string_view description;
};

constexpr auto common_answers = std::to_array<CommonAnswer>({
    {"RequestTimeout", 408, "The request took too long to arrive"},
    {"BodyTooLarge", 413, "The body is too large"},
    {"TargetTooLong", 414, "The request target is too long"},
    {"ExpectationFailed", 417, "The only expectation that is understood is 100-continue"},
    {"TooManyRequests", 429, "Too many requests; try again later"},
    {"HeaderTooLarge", 431, "The header is too large"},
    {"InternalError", 500, "The server failed"},
    {"NotImplemented", 501, "The method or the transfer coding is not implemented"},
    {"Unavailable", 503, "The server is overloaded or cannot reach its store; try again later"},
    {"VersionNotSupported", 505, "Only HTTP/1.0 and HTTP/1.1 are spoken"},
});

json::object reference(std::string_view kind, std::string_view name) {
    return {{"$ref", "#/components/" + std::string(kind) + "/" + std::string(name)}};
}

json::object content_of(const Schema& schema) {
    return {{"application/json", {{"schema", reference("schemas", schema.name)}}}};
}

json::object header(std::string_view type, std::string_view description) {
    return {{"description", description}, {"schema", {{"type", type}}}};
}

// The headers that a status brings with it; see answer_error().
json::object headers_of(int status) {
    if (status == 401) return {{"WWW-Authenticate", header("string", "Which credentials would do (RFC 6750)")}};
    if (status == 429 || status == 503) return {{"Retry-After", header("integer", "Seconds to wait")}};
    return {};
}

json::object describe_answer(const DocumentedAnswer& answer) {
    json::object described{{"description", answer.description}};
    if (auto headers = headers_of(answer.status); !headers.empty()) described["headers"] = std::move(headers);
    described["content"] = content_of(answer.schema);
    return described;
}

json::array security_of(Credential credential) {
    const json::object access{{access_scheme, json::array()}};
    const json::object refresh{{refresh_scheme, json::array()}};
    switch (credential) {
        case Credential::none: return {};
        case Credential::access_token: return {access};
        case Credential::refresh_token: return {refresh};
        case Credential::refresh_token_or_body: return {refresh, json::object()};
    }
    return {};
}

json::object describe_operation(const Facts& facts) {
    json::object operation{{"operationId", facts.operation_id},
                           {"summary", facts.summary},
                           {"description", facts.description},
                           {"tags", {"Authentication"}},
                           {"security", security_of(facts.credential)}};
    if (facts.body != Body::none) {
        operation["requestBody"] = {{"required", facts.body == Body::required}, {"content", content_of(facts.request)}};
    }
    std::map<int, json::object> answers;
    for (const auto& answer : common_answers)
        answers.insert_or_assign(answer.status, reference("responses", answer.name));
    for (const auto& answer : facts.answers) answers.insert_or_assign(answer.status, describe_answer(answer));
    json::object responses;
    for (auto& [status, answer] : answers) responses[std::to_string(status)] = std::move(answer);
    operation["responses"] = std::move(responses);
    return operation;
}

std::string method_key(http::Method method) {
    return to_lower_ascii(http::name(method));
}

json::object describe_paths(const std::vector<Endpoint>& endpoints) {
    json::object paths;
    for (const Endpoint& endpoint : endpoints) {
        auto& operations = paths[endpoint.path];
        if (!operations.is_object()) operations.emplace_object();
        operations.get_object()[method_key(endpoint.method)] = describe_operation(endpoint.facts);
    }
    return paths;
}

json::object describe_schemas(const std::vector<Endpoint>& endpoints) {
    json::object schemas;
    auto add = [&schemas](const Schema& schema, SchemaUse use) {
        if (!schema.name.empty()) schemas[schema.name] = schema.describe(use);
    };
    for (const Endpoint& endpoint : endpoints) {
        add(endpoint.facts.request, SchemaUse::request);
        for (const auto& answer : endpoint.facts.answers) add(answer.schema, SchemaUse::response);
    }
    add(schema_of<ErrorResponse>(), SchemaUse::response);
    return schemas;
}

json::object describe_common_answers() {
    json::object responses;
    for (const auto& [name, status, description] : common_answers) {
        responses[name] = describe_answer({status, description, schema_of<ErrorResponse>()});
    }
    return responses;
}

json::object bearer_scheme(std::string_view description) {
    return {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}, {"description", description}};
}

}  // namespace

std::string openapi_document(const std::vector<Endpoint>& endpoints, std::string_view server_url,
                             std::string_view version) {
    const json::object document{
        {"openapi", "3.0.3"},
        {"info", {{"title", "Authentication API"}, {"version", version}}},
        {"tags", json::array{{{"name", "Authentication"}, {"description", "Log in, refresh, and revoke"}}}},
        {"servers", json::array{{{"url", server_url}}}},
        {"paths", describe_paths(endpoints)},
        {"components",
         {{"securitySchemes",
           {{access_scheme, bearer_scheme("An access token")}, {refresh_scheme, bearer_scheme("A refresh token")}}},
          {"responses", describe_common_answers()},
          {"schemas", describe_schemas(endpoints)}}},
    };
    return json::serialize(document);
}

}  // namespace postern::api

#include "api/document.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>

#include "api/field_type.hpp"
#include "api/messages.hpp"
#include "base/ascii.hpp"

namespace postern::api {
namespace {

namespace json = boost::json;

constexpr std::string_view access_scheme = "BearerAuth";
constexpr std::string_view refresh_scheme = "RefreshBearer";
constexpr std::string_view client_scheme = "Client";

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

json::object content_of(const Schema& schema, std::string_view media_type = "application/json") {
    return {{media_type, {{"schema", reference("schemas", schema.name)}}}};
}

// What every endpoint for administrators may answer.
constexpr auto admin_answers = std::to_array<CommonAnswer>({
    {"Malformed", 400, "The request is malformed; the message says where"},
    {"NotSignedIn", 401, "The access token is missing, invalid, expired or revoked"},
    {"NotAnAdministrator", 403, "The access token is not an active administrator's"},
});

// And every one that is about something by its id.
constexpr auto id_answers = std::to_array<CommonAnswer>({
    {"Unknown", 404, "There is nothing of that id"},
});

bool has_in_path(const Endpoint& endpoint, std::string_view parameter) {
    return endpoint.path.find(parameter) != std::string_view::npos;
}

json::object header(std::string_view type, std::string_view description) {
    return {{"description", description}, {"schema", {{"type", type}}}};
}

// The headers that a status brings with it; see answer_error().
json::object headers_of(int status) {
    if (status == 401)
        return {{"WWW-Authenticate", header("string", "Which credentials would do (RFC 6750, RFC 7617)")}};
    if (status == 429 || status == 503) return {{"Retry-After", header("integer", "Seconds to wait")}};
    return {};
}

json::object describe_answer(const DocumentedAnswer& answer) {
    json::object described{{"description", answer.description}};
    if (auto headers = headers_of(answer.status); !headers.empty()) described["headers"] = std::move(headers);
    if (!answer.schema.name.empty()) described["content"] = content_of(answer.schema);
    if (!answer.media_type.empty()) described["content"] = {{answer.media_type, {{"schema", {{"type", "string"}}}}}};
    return described;
}

json::array security_of(Credential credential) {
    const json::object access{{access_scheme, json::array()}};
    const json::object refresh{{refresh_scheme, json::array()}};
    const json::object client{{client_scheme, json::array()}};
    switch (credential) {
        case Credential::none: return {};
        case Credential::access_token:
        case Credential::admin_access_token: return {access};
        case Credential::refresh_token: return {refresh};
        case Credential::refresh_token_or_body: return {refresh, json::object()};
        // Either may stand in the form instead.
        case Credential::client:
        case Credential::client_if_any: return {client, json::object()};
    }
    return {};
}

json::object parameter(std::string_view place, std::string_view name, json::object schema) {
    json::object described{{"name", name}, {"in", place}, {"required", place == "path"}};
    if (const auto* description = schema.if_contains("description")) {
        described["description"] = *description;
        schema.erase("description");
    }
    described["schema"] = std::move(schema);
    return described;
}

json::array describe_parameters(const Endpoint& endpoint) {
    json::array parameters;
    if (has_in_path(endpoint, "{kid}")) {
        parameters.push_back(parameter("path", "kid", {{"type", "string"}, {"description", "The kid of the key"}}));
    }
    if (has_in_path(endpoint, "{id}")) {
        auto schema = FieldType<core::AccountId>::schema();
        schema["description"] = "What this is about, by its id";
        parameters.push_back(parameter("path", "id", std::move(schema)));
    }
    if (endpoint.facts.query.name.empty()) return parameters;
    const auto query = endpoint.facts.query.describe(SchemaUse::request);
    for (const auto& [name, schema] : query.at("properties").get_object()) {
        parameters.push_back(parameter("query", name, schema.get_object()));
    }
    return parameters;
}

json::object describe_answers(const Endpoint& endpoint) {
    const Facts& facts = endpoint.facts;
    std::map<int, json::object> answers;
    const auto refer_to = [&answers](const auto& common) {
        for (const auto& answer : common) answers[answer.status] = reference("responses", answer.name);
    };
    refer_to(common_answers);
    if (facts.credential == Credential::admin_access_token) refer_to(admin_answers);
    if (has_in_path(endpoint, "{id}") || has_in_path(endpoint, "{kid}")) refer_to(id_answers);
    for (const auto& answer : facts.answers) answers.insert_or_assign(answer.status, describe_answer(answer));
    json::object responses;
    for (auto& [status, answer] : answers) responses[std::to_string(status)] = std::move(answer);
    return responses;
}

json::object describe_operation(const Endpoint& endpoint, std::string_view tag) {
    const Facts& facts = endpoint.facts;
    json::object operation{{"operationId", facts.operation_id},
                           {"summary", facts.summary},
                           {"description", facts.description},
                           {"tags", {tag}},
                           {"security", security_of(facts.credential)}};
    if (auto parameters = describe_parameters(endpoint); !parameters.empty()) {
        operation["parameters"] = std::move(parameters);
    }
    if (facts.body == Body::form) {
        operation["requestBody"] = {{"required", true},
                                    {"content", content_of(facts.request, "application/x-www-form-urlencoded")}};
    } else if (facts.body != Body::none) {
        operation["requestBody"] = {{"required", facts.body == Body::required}, {"content", content_of(facts.request)}};
    }
    operation["responses"] = describe_answers(endpoint);
    return operation;
}

std::string method_key(http::Method method) {
    return to_lower_ascii(http::name(method));
}

json::object describe_paths(const std::vector<Endpoint>& endpoints, std::string_view tag) {
    json::object paths;
    for (const Endpoint& endpoint : endpoints) {
        auto& operations = paths[endpoint.path];
        if (!operations.is_object()) operations.emplace_object();
        operations.get_object()[method_key(endpoint.method)] = describe_operation(endpoint, tag);
    }
    return paths;
}

json::object describe_schemas(const std::vector<Endpoint>& endpoints) {
    json::object schemas;
    auto add = [&schemas](const Schema& schema, SchemaUse use) {
        if (!schema.name.empty()) schemas[schema.name] = schema.describe(use);
    };
    for (const Endpoint& endpoint : endpoints) {
        // A form may hold what nobody here knows (RFC 6749 section 3.2), as an answer may.
        add(endpoint.facts.request, endpoint.facts.body == Body::form ? SchemaUse::response : SchemaUse::request);
        for (const auto& answer : endpoint.facts.answers) add(answer.schema, SchemaUse::response);
    }
    add(schema_of<ErrorResponse>(), SchemaUse::response);
    return schemas;
}

json::object describe_common_answers() {
    json::object responses;
    const auto describe = [&responses](const auto& answers) {
        for (const auto& [name, status, description] : answers) {
            responses[name] = describe_answer({status, description, schema_of<ErrorResponse>()});
        }
    };
    describe(common_answers);
    describe(admin_answers);
    describe(id_answers);
    return responses;
}

json::object bearer_scheme(std::string_view description) {
    return {{"type", "http"}, {"scheme", "bearer"}, {"bearerFormat", "JWT"}, {"description", description}};
}

}  // namespace

std::string openapi_document(const std::vector<Endpoint>& endpoints, const Interface& interface) {
    const json::object document{
        {"openapi", "3.0.3"},
        {"info", {{"title", interface.title}, {"version", interface.version}}},
        {"tags", json::array{{{"name", interface.tag}, {"description", interface.description}}}},
        {"servers", json::array{{{"url", interface.server_url}}}},
        {"paths", describe_paths(endpoints, interface.tag)},
        {"components",
         {{"securitySchemes",
           {{access_scheme, bearer_scheme("An access token")},
            {refresh_scheme, bearer_scheme("A refresh token")},
            {client_scheme,
             {{"type", "http"}, {"scheme", "basic"}, {"description", "A client's id and secret (RFC 6749)"}}}}},
          {"responses", describe_common_answers()},
          {"schemas", describe_schemas(endpoints)}}},
    };
    return json::serialize(document);
}

}  // namespace postern::api

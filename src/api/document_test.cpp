#include "api/document.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "api/admin_routes.hpp"
#include "api/routes.hpp"
#include "base/json.hpp"

namespace postern::api {
namespace {

namespace json = boost::json;

Interface an_interface(std::string tag) {
    return {.title = tag + " API",
            .tag = tag,
            .description = tag,
            .server_url = "https://auth.example/auth/v1",
            .version = "1.2.3"};
}

json::value document() {
    return parse_json(openapi_document(endpoints(), an_interface("Authentication"))).take();
}

json::value admin_document() {
    return parse_json(openapi_document(admin::endpoints(), an_interface("Administration"))).take();
}

// The facts of the contract: its paths, fields, requirements and statuses.
json::value contract(const std::string& name) {
    const auto path = std::filesystem::path(__FILE__).parent_path() / "../../tests/contract" / (name + ".json");
    std::ifstream file(path);
    return parse_json(std::string(std::istreambuf_iterator<char>(file), {})).value();
}

// Every field that `promised` names is in `served` with the same value; `served` may say more.
void expect_promise_kept(const json::value& promised, const json::value& served, const std::string& where) {
    if (!promised.is_object()) {
        EXPECT_EQ(promised, served) << where;
        return;
    }
    ASSERT_TRUE(served.is_object()) << where;
    for (const auto& [key, value] : promised.get_object()) {
        const std::string inner = where + "/" + std::string(key);
        const auto* found = served.get_object().if_contains(key);
        ASSERT_NE(found, nullptr) << inner;
        expect_promise_kept(value, *found, inner);
    }
}

TEST(Document, AgreesWithTheContractOnEveryPathFieldRequirementAndStatus) {
    for (const std::string name : {"token", "revoke_access"}) {
        const auto promised = contract(name);
        expect_promise_kept(promised.at("paths"), document().at("paths"), name + "/paths");
        expect_promise_kept(promised.at("components"), document().at("components"), name + "/components");
    }
}

TEST(Document, AsksForTheCredentialsThatTheContractAsksFor) {
    const auto paths = document().at("paths");
    EXPECT_EQ(paths.at("/revoke_access").at("delete").at("security"), contract("revoke_access").at("security"));
    EXPECT_TRUE(paths.at("/token").at("post").at("security").get_array().empty());
    EXPECT_EQ(paths.at("/revoke_refresh").at("delete").at("security"),
              json::value({{{"RefreshBearer", json::array()}}}));
}

TEST(Document, AddsNoFieldToTheContractsBodies) {
    const auto served = document().at("components").at("schemas");
    for (const std::string name : {"token", "revoke_access"}) {
        const auto promised = contract(name).at("components").at("schemas");
        for (const auto& [schema, value] : promised.get_object()) {
            // The stable word beside the sentence is ours.
            const std::size_t added = schema == "ErrorResponse" ? 1 : 0;
            EXPECT_EQ(served.at(schema).at("properties").get_object().size(),
                      value.at("properties").get_object().size() + added)
                << schema;
        }
    }
}

// "#/components/schemas/X" -> what stands there; nothing when nothing does.
const json::value* follow(const json::value& document, std::string_view reference) {
    const json::value* at = &document;
    reference.remove_prefix(reference.find('/') + 1);
    while (at != nullptr && at->is_object() && !reference.empty()) {
        const auto end = std::min(reference.find('/'), reference.size());
        at = at->get_object().if_contains(reference.substr(0, end));
        reference.remove_prefix(std::min(end + 1, reference.size()));
    }
    return at;
}

void expect_to_hold_what_it_refers_to(const json::value& whole) {
    const std::string text = json::serialize(whole);
    const std::string opening = R"("$ref":")";
    std::size_t references = 0;
    for (auto at = text.find(opening); at != std::string::npos; at = text.find(opening, at + 1)) {
        const auto begin = at + opening.size();
        const auto reference = text.substr(begin, text.find('"', begin) - begin);
        EXPECT_NE(follow(whole, reference), nullptr) << reference;
        ++references;
    }
    EXPECT_GT(references, 20U);
}

TEST(Document, HoldsEverythingThatItRefersTo) {
    expect_to_hold_what_it_refers_to(document());
    expect_to_hold_what_it_refers_to(admin_document());
}

TEST(Document, DescribesTheParametersOfPathAndQuery) {
    const auto whole = admin_document();
    const auto& show = whole.at("paths").at("/accounts/{id}").at("get").at("parameters").get_array();
    ASSERT_EQ(show.size(), 1U);
    EXPECT_EQ(show.at(0).at("name"), "id");
    EXPECT_EQ(show.at(0).at("in"), "path");
    EXPECT_EQ(show.at(0).at("required"), true);
    EXPECT_EQ(show.at(0).at("schema").at("format"), "uuid");

    std::set<std::string> names;
    for (const auto& parameter : whole.at("paths").at("/accounts").at("get").at("parameters").get_array()) {
        EXPECT_EQ(parameter.at("in"), "query");
        EXPECT_EQ(parameter.at("required"), false);
        EXPECT_FALSE(parameter.at("description").get_string().empty());
        EXPECT_FALSE(parameter.at("schema").get_object().contains("description"));
        names.insert(std::string(parameter.at("name").get_string()));
    }
    EXPECT_EQ(names, (std::set<std::string>{"query", "kind", "state", "admin", "cursor", "limit"}));
}

TEST(Document, TellsOfEveryEndpointForAdministratorsWhomItRefuses) {
    const auto whole = admin_document();
    for (const auto& [path, operations] : whole.at("paths").get_object()) {
        for (const auto& [method, operation] : operations.get_object()) {
            const auto& responses = operation.at("responses").get_object();
            EXPECT_FALSE(operation.at("security").get_array().empty()) << path;
            for (const auto* status : {"400", "401", "403", "503"}) EXPECT_TRUE(responses.contains(status)) << path;
            EXPECT_EQ(responses.contains("404"), path.find("id}") != std::string_view::npos) << path;
        }
    }
}

TEST(Document, HasNoFieldInWhichAnAdministratorCouldSetAPassword) {
    const auto whole = admin_document();
    for (const auto& [name, schema] : whole.at("components").at("schemas").get_object()) {
        EXPECT_FALSE(schema.at("properties").get_object().contains("password")) << name;
    }
}

TEST(Document, DocumentsWhatTheServerAnswersAnywhere) {
    const auto whole = document();
    std::set<std::string> operation_ids;
    for (const auto& [path, operations] : whole.at("paths").get_object()) {
        for (const auto& [method, operation] : operations.get_object()) {
            const auto& responses = operation.at("responses").get_object();
            for (const auto* status : {"400", "408", "413", "414", "417", "429", "431", "500", "501", "503", "505"}) {
                EXPECT_TRUE(responses.contains(status)) << path << " " << status;
            }
            EXPECT_TRUE(responses.contains("200") || responses.contains("202")) << path;
            const auto* unavailable = follow(whole, std::string_view(responses.at("503").at("$ref").get_string()));
            ASSERT_NE(unavailable, nullptr);
            EXPECT_TRUE(unavailable->at("headers").get_object().contains("Retry-After")) << path;
            if (const auto* refused = responses.if_contains("401")) {
                EXPECT_TRUE(refused->at("headers").get_object().contains("WWW-Authenticate")) << path;
            }
            EXPECT_TRUE(operation_ids.insert(std::string(operation.at("operationId").get_string())).second) << path;
        }
    }
}

TEST(Document, TellsWhereTheServerIs) {
    const auto whole = document();
    EXPECT_EQ(whole.at("openapi"), "3.0.3");
    EXPECT_EQ(whole.at("info").at("version"), "1.2.3");
    EXPECT_EQ(whole.at("servers").at(0).at("url"), "https://auth.example/auth/v1");
}

}  // namespace
}  // namespace postern::api

// What a proxy is told about the request that it holds back.
#include <gtest/gtest.h>

#include "api/testing.hpp"
#include "base/json.hpp"

namespace postern::api {
namespace {

using http::Method;
using testing::Bench;
using testing::header;

const std::vector<std::string> identity_headers = {"X-Auth-Subject", "X-Auth-Client", "X-Auth-Session",
                                                   "X-Auth-Roles",   "X-Auth-Scope",  "X-Auth-Token-Id",
                                                   "X-Auth-Expires"};

class Verify : public ::testing::Test {
protected:
    void SetUp() override {
        auto& account = bench.store->tables.accounts.begin()->second;
        account.roles = {"admin", "editor"};
        account.scopes = {"orders:read", "orders:write"};
        const auto body = parse_json(bench.log_in().body).take();
        access = std::string(body.at("access_token").get_string());
        refresh = std::string(body.at("refresh_token").get_string());
    }

    http::Response ask(const std::string& query = "", Method method = Method::get) {
        return ask_with("Bearer " + access, query, method);
    }
    http::Response ask_with(const std::string& authorization, const std::string& query = "",
                            Method method = Method::get) {
        http::Request request;
        request.method = method;
        request.path = "/auth/v1/verify";
        request.query = query;
        if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
        return bench.call(std::move(request));
    }

    // A token that says what no login would make it say.
    std::string token_of(const core::AccessClaims& claims) { return bench.signer.sign(claims, "kid").take(); }
    core::AccessClaims claims() { return bench.signer.read_access(access).take(); }

    Bench bench;
    std::string access;
    std::string refresh;
};

std::string code_of(const http::Response& response) {
    return std::string(parse_json(response.body).value().at("code").get_string());
}

std::size_t count_identity_headers(const http::Response& response) {
    std::size_t count = 0;
    for (const auto& [name, value] : response.headers) count += name.starts_with("X-Auth-") ? 1 : 0;
    return count;
}

TEST_F(Verify, TellsWhoseTheTokenIs) {
    const auto response = ask();
    ASSERT_EQ(response.status, 200) << response.body;
    const auto said = claims();
    EXPECT_EQ(header(response, "X-Auth-Subject"), said.subject.text());
    EXPECT_EQ(header(response, "X-Auth-Client"), "first-party");
    EXPECT_EQ(header(response, "X-Auth-Session"), said.session_id.text());
    EXPECT_EQ(header(response, "X-Auth-Roles"), "admin editor");
    EXPECT_EQ(header(response, "X-Auth-Scope"), "orders:read orders:write");
    EXPECT_EQ(header(response, "X-Auth-Token-Id"), said.token_id.text());
    EXPECT_EQ(header(response, "X-Auth-Expires"), std::to_string(to_milliseconds(said.expires_at) / 1000));
    EXPECT_EQ(count_identity_headers(response), identity_headers.size());
    EXPECT_TRUE(response.body.empty());
}

// A header that were left out would let through whatever the caller sent under its name.
TEST_F(Verify, SaysEachHeaderAlsoWhereThereIsNothingToSay) {
    auto said = claims();
    said.token_id = core::TokenId::make(bench.clock.now());
    said.roles.clear();
    said.scopes.clear();
    said.session_id = core::SessionId{said.subject.bytes};  // a client's own token
    said.client_id = said.subject.text();
    const auto response = ask_with("Bearer " + token_of(said));
    ASSERT_EQ(response.status, 200) << response.body;
    for (const std::string& name : identity_headers) {
        EXPECT_EQ(std::ranges::count_if(response.headers, [&](const auto& field) { return field.first == name; }), 1)
            << name;
    }
    EXPECT_EQ(header(response, "X-Auth-Session"), "");
    EXPECT_EQ(header(response, "X-Auth-Roles"), "");
    EXPECT_EQ(header(response, "X-Auth-Scope"), "");
    EXPECT_EQ(header(response, "X-Auth-Client"), said.subject.text());
}

TEST_F(Verify, ChallengesWhoShowsNoGoodToken) {
    EXPECT_EQ(header(ask_with(""), "WWW-Authenticate"), "Bearer");
    EXPECT_EQ(ask_with("").status, 401);
    for (const std::string& token : {std::string("a.b.c"), refresh, access + "x"}) {
        const auto refused = ask_with("Bearer " + token);
        EXPECT_EQ(refused.status, 401);
        EXPECT_TRUE(header(refused, "WWW-Authenticate").starts_with(R"(Bearer error="invalid_token")"));
        EXPECT_EQ(count_identity_headers(refused), 0U);
    }
    ASSERT_EQ(bench.call(Method::delete_, "/auth/v1/revoke_access", "Bearer " + access).status, 200);
    EXPECT_EQ(ask().status, 401);
    EXPECT_EQ(code_of(ask()), "token_revoked");
}

TEST_F(Verify, RefusesAnExpiredToken) {
    bench.clock.advance(std::chrono::hours(1));
    EXPECT_EQ(code_of(ask()), "token_expired");
}

TEST_F(Verify, WantsAllScopesAndAnyRole) {
    EXPECT_EQ(ask("scope=orders:read").status, 200);
    EXPECT_EQ(ask("scope=orders:read+orders%3Awrite").status, 200);
    EXPECT_EQ(ask("role=nobody+editor").status, 200);
    EXPECT_EQ(ask("scope=orders:read&role=admin").status, 200);

    const auto lacks_scope = ask("scope=orders:read%20orders:delete");
    EXPECT_EQ(lacks_scope.status, 403);
    EXPECT_EQ(code_of(lacks_scope), "insufficient_scope");
    EXPECT_EQ(header(lacks_scope, "WWW-Authenticate"),
              "Bearer error=\"insufficient_scope\", error_description=\"The token does not have the scope "
              "orders:delete\", scope=\"orders:read orders:delete\"");

    const auto lacks_role = ask("role=owner+auditor");
    EXPECT_EQ(lacks_role.status, 403);
    EXPECT_EQ(code_of(lacks_role), "role_required");
    EXPECT_EQ(count_identity_headers(lacks_role), 0U);
    // Neither the start of a word nor another case of it will do.
    EXPECT_EQ(ask("scope=orders").status, 403);
    EXPECT_EQ(ask("role=Admin").status, 403);
}

TEST_F(Verify, WantsTheAudienceThatTheQueryNames) {
    EXPECT_EQ(ask("audience=" + bench.policy.audience.front()).status, 200);
    const auto other = ask("audience=https://other.example");
    EXPECT_EQ(other.status, 401);
    EXPECT_EQ(code_of(other), "invalid_token");

    auto said = claims();
    said.token_id = core::TokenId::make(bench.clock.now());
    said.audience = {"https://other.example"};
    const std::string token = "Bearer " + token_of(said);
    EXPECT_EQ(ask_with(token).status, 401);
    EXPECT_EQ(ask_with(token, "audience=https://other.example").status, 200);
}

// Each of these would otherwise let everybody in, or leave it to chance what is required.
TEST_F(Verify, RefusesAQueryThatItDoesNotUnderstand) {
    for (const std::string query :
         {"scope=", "role=", "audience=", "scope", "scope=+", "scope=a++b", "scope=a%22b", "scope=a&scope=b",
          "role=admin&role=editor", "scopes=orders:read", "Scope=a", "scope=%zz", "scope=a%0d%0aX-Auth-Subject:+x",
          "audience=a+b", "role=%C3%A9", "x\\\"y=1"}) {
        const auto refused = ask(query);
        EXPECT_EQ(refused.status, 400) << query;
        EXPECT_EQ(count_identity_headers(refused), 0U);
    }
}

TEST_F(Verify, RefusesTwoAuthorizationHeaders) {
    http::Request request;
    request.path = "/auth/v1/verify";
    request.headers = {{"Authorization", "Bearer " + access}, {"authorization", "Bearer a.b.c"}};
    const auto refused = bench.call(std::move(request));
    EXPECT_EQ(refused.status, 400);
    EXPECT_TRUE(header(refused, "WWW-Authenticate").starts_with(R"(Bearer error="invalid_request")"));
}

// Envoy asks with the method of the request that it holds back; a preflight must not pass for a yes.
TEST_F(Verify, ChecksWhateverTheMethod) {
    for (const Method method :
         {Method::head, Method::post, Method::put, Method::patch, Method::delete_, Method::options}) {
        EXPECT_EQ(ask("", method).status, 200) << http::name(method);
        EXPECT_EQ(ask_with("", "", method).status, 401) << http::name(method);
    }
}

TEST_F(Verify, NeverPutsIntoAHeaderWhatCouldEndIt) {
    for (const std::string client : {"a\r\nX-Auth-Roles: admin", "caf\xc3\xa9", "a\tb"}) {
        auto said = claims();
        said.token_id = core::TokenId::make(bench.clock.now());
        said.client_id = client;
        const auto response = ask_with("Bearer " + token_of(said));
        EXPECT_EQ(response.status, 500) << client;
        EXPECT_EQ(count_identity_headers(response), 0U);
    }
}

}  // namespace
}  // namespace postern::api

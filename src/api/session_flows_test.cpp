// What follows a login: refresh, the two revocations, /me, and what machines ask.
#include <gtest/gtest.h>

#include "api/testing.hpp"
#include "base/json.hpp"

namespace postern::api {
namespace {

using http::Method;
using testing::Bench;
using testing::header;

struct Pair {
    std::string access;
    std::string refresh;
};

Pair pair_of(const http::Response& response) {
    EXPECT_EQ(response.status, 200) << response.body;
    const auto body = parse_json(response.body).take();
    return {std::string(body.at("access_token").get_string()), std::string(body.at("refresh_token").get_string())};
}

std::string code_of(const http::Response& response) {
    return std::string(parse_json(response.body).value().at("code").get_string());
}

std::string error_of(const http::Response& response) {
    return std::string(parse_json(response.body).value().at("error").get_string());
}

http::Response get_me(Bench& bench, const std::string& token) {
    return bench.call(Method::get, "/auth/v1/me", "Bearer " + token);
}

http::Response refresh_with(Bench& bench, const std::string& token) {
    return bench.call(Method::post, "/auth/v1/refresh", "Bearer " + token);
}

TEST(Me, TellsWhoTheTokenSpeaksFor) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    const auto response = get_me(bench, pair.access);
    ASSERT_EQ(response.status, 200) << response.body;
    const auto body = parse_json(response.body).take();
    EXPECT_EQ(body.at("email"), "ada@example.org");
    EXPECT_EQ(body.at("kind"), "standard");
    EXPECT_EQ(body.at("activated"), true);
    EXPECT_EQ(body.at("session_id").get_string(), bench.store->tables.sessions.begin()->first.text());
    EXPECT_FALSE(body.get_object().contains("password_hash"));
}

TEST(Me, RefusesATokenWhoseAccountIsGone) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    bench.store->tables.accounts.clear();
    const auto response = get_me(bench, pair.access);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(code_of(response), "invalid_token");
}

TEST(SignIn, NamesWhatIsWrongWithTheToken) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    EXPECT_EQ(header(bench.call(Method::get, "/auth/v1/me"), "WWW-Authenticate"), "Bearer");
    const auto forged = get_me(bench, "a.b.c");
    EXPECT_EQ(forged.status, 401);
    EXPECT_TRUE(header(forged, "WWW-Authenticate").starts_with(R"(Bearer error="invalid_token", )"));
    EXPECT_NE(error_of(get_me(bench, pair.refresh)).find("Only access tokens"), std::string::npos);
    bench.clock.advance(std::chrono::minutes(16));
    EXPECT_EQ(code_of(get_me(bench, pair.access)), "token_expired");
}

TEST(SignIn, CatchesUpWithTheStoreWhenItsKnowledgeIsOld) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    bench.store->fresh = false;
    EXPECT_EQ(get_me(bench, pair.access).status, 200);
    EXPECT_EQ(bench.store->catch_ups, 1);
}

TEST(SignIn, NeverCallsATokenInvalidBecauseTheStoreCannotBeReached) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    bench.store->fresh = false;
    bench.store->reachable = false;
    for (const auto& response :
         {get_me(bench, pair.access), bench.call(Method::delete_, "/auth/v1/revoke_access", "Bearer " + pair.access)}) {
        EXPECT_EQ(response.status, 503);
        EXPECT_EQ(header(response, "Retry-After"), "1");
        EXPECT_EQ(header(response, "WWW-Authenticate"), "");
    }
}

TEST(RevokeAccess, RevokesTheTokenAndKeepsTheSession) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    const auto response = bench.call(Method::delete_, "/auth/v1/revoke_access", "bEaReR " + pair.access);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"msg":"Access token revoked"})");
    EXPECT_EQ(code_of(get_me(bench, pair.access)), "token_revoked");
    const auto again = bench.call(Method::delete_, "/auth/v1/revoke_access", "Bearer " + pair.access);
    EXPECT_EQ(again.status, 401);
    EXPECT_TRUE(header(again, "WWW-Authenticate").starts_with(R"(Bearer error="invalid_token", )"));
    EXPECT_FALSE(bench.store->tables.sessions.begin()->second.ended_at.has_value());
}

TEST(RevokeAccess, WantsAnAccessToken) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    const auto missing = bench.call(Method::delete_, "/auth/v1/revoke_access");
    EXPECT_EQ(missing.status, 401);
    EXPECT_EQ(error_of(missing), "Missing Authorization header");
    EXPECT_EQ(bench.call(Method::delete_, "/auth/v1/revoke_access", "Bearer " + pair.refresh).status, 401);
    EXPECT_EQ(bench.call(Method::delete_, "/auth/v1/revoke_access", "Basic " + pair.access).status, 401);
    EXPECT_EQ(get_me(bench, pair.access).status, 200);
}

TEST(Refresh, TakesTheTokenAsBearerOrInTheBody) {
    Bench bench;
    const auto first = pair_of(bench.log_in());
    const auto second = pair_of(refresh_with(bench, first.refresh));
    const auto third =
        pair_of(bench.call(Method::post, "/auth/v1/refresh", "", R"({"refresh_token":")" + second.refresh + "\"}"));
    EXPECT_NE(third.refresh, second.refresh);
    EXPECT_EQ(get_me(bench, third.access).status, 200);
    pair_of(bench.call(Method::post, "/auth/v1/refresh", "Bearer " + third.refresh, "{}"));
}

TEST(Refresh, WantsExactlyOneToken) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    const std::string body = R"({"refresh_token":")" + pair.refresh + "\"}";
    const auto two = bench.call(Method::post, "/auth/v1/refresh", "Bearer " + pair.access, body);
    EXPECT_EQ(two.status, 401);
    EXPECT_EQ(code_of(two), "two_tokens");
    for (const std::string empty : {"", "{}"}) {
        const auto response = bench.call(Method::post, "/auth/v1/refresh", "", empty);
        EXPECT_EQ(response.status, 401);
        EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
        EXPECT_EQ(error_of(response).find("Missing Authorization header"), 0U);
    }
    EXPECT_EQ(bench.call(Method::post, "/auth/v1/refresh", "Bearer " + pair.refresh, "not json").status, 400);
    const auto wrong_kind = refresh_with(bench, pair.access);
    EXPECT_EQ(wrong_kind.status, 401);
    EXPECT_NE(error_of(wrong_kind).find("Only refresh tokens"), std::string::npos);
    EXPECT_EQ(bench.call(Method::post, "/auth/v1/refresh", "Bearer " + pair.refresh, body).status, 200);
}

TEST(Refresh, ARetryGetsTheSameChildWithWhatIsLeftOfItsTime) {
    Bench bench;
    const auto parent = pair_of(bench.log_in());
    const auto child = pair_of(refresh_with(bench, parent.refresh));
    bench.clock.advance(std::chrono::seconds(10));
    const auto retry = refresh_with(bench, parent.refresh);
    EXPECT_EQ(pair_of(retry).access, child.access);
    EXPECT_EQ(parse_json(retry.body).value().at("expires_in"), 890);
}

TEST(Refresh, ReuseEndsTheSessionDurably) {
    Bench bench;
    const auto parent = pair_of(bench.log_in());
    const auto child = pair_of(refresh_with(bench, parent.refresh));
    bench.clock.advance(std::chrono::minutes(1));
    const auto reused = refresh_with(bench, parent.refresh);
    EXPECT_EQ(reused.status, 401);
    EXPECT_EQ(code_of(reused), "refresh_reused");
    EXPECT_TRUE(header(reused, "WWW-Authenticate").starts_with(R"(Bearer error="invalid_token", )"));
    EXPECT_EQ(code_of(refresh_with(bench, child.refresh)), "session_ended");
    EXPECT_EQ(code_of(get_me(bench, child.access)), "token_revoked");
}

TEST(RevokeRefresh, EndsTheSessionWithItsAccessTokens) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    auto response = bench.call(Method::delete_, "/auth/v1/revoke_refresh", "Bearer " + pair.refresh);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"msg":"Refresh token revoked"})");
    EXPECT_EQ(code_of(get_me(bench, pair.access)), "token_revoked");
    EXPECT_EQ(code_of(refresh_with(bench, pair.refresh)), "session_ended");
    response = bench.call(Method::delete_, "/auth/v1/revoke_refresh", "Bearer " + pair.refresh);
    EXPECT_EQ(response.status, 200) << "what its holder wants is so";
}

TEST(RevokeRefresh, WantsARefreshToken) {
    Bench bench;
    const auto pair = pair_of(bench.log_in());
    EXPECT_EQ(error_of(bench.call(Method::delete_, "/auth/v1/revoke_refresh")), "Missing Authorization header");
    EXPECT_EQ(bench.call(Method::delete_, "/auth/v1/revoke_refresh", "Bearer " + pair.access).status, 401);
    EXPECT_EQ(get_me(bench, pair.access).status, 200);
}

TEST(Machines, GetKeysDocumentAndHealth) {
    Bench bench;
    const auto keys = bench.call(Method::get, "/.well-known/jwks.json");
    EXPECT_EQ(keys.body, R"({"keys":[]})");
    EXPECT_EQ(keys.content_type, "application/json");
    const auto document = bench.call(Method::get, "/auth/v1/openapi.json");
    EXPECT_EQ(parse_json(document.body).value().at("servers").at(0).at("url"), "https://auth.example/auth/v1");
    EXPECT_EQ(bench.call(Method::get, "/healthz").body, R"({"status":"ok"})");
    EXPECT_EQ(bench.call(Method::get, "/readyz").body, R"({"status":"ready"})");
    EXPECT_EQ(bench.call(Method::get, "/metrics").status, 404);
}

TEST(Machines, AreToldWhenTheServerIsNotReady) {
    Bench bench;
    bench.store->fresh = false;
    EXPECT_EQ(bench.call(Method::get, "/readyz").status, 503);
    EXPECT_EQ(bench.call(Method::get, "/healthz").status, 200);
    bench.store->fresh = true;
    bench.signer.has_key = false;
    EXPECT_EQ(code_of(bench.call(Method::get, "/readyz")), "not_ready");
}

TEST(Machines, ReadMetricsWhereTheyAreWired) {
    Bench bench;
    bench.service.metrics_text = [] { return std::string("up 1\n"); };
    bench.router = {};
    add_routes(bench.router, bench.service);
    const auto response = bench.call(Method::get, "/metrics");
    EXPECT_EQ(response.body, "up 1\n");
    EXPECT_EQ(response.content_type, "text/plain; version=0.0.4; charset=utf-8");
}

}  // namespace
}  // namespace postern::api

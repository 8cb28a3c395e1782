#include <gtest/gtest.h>

#include <set>

#include "api/messages.hpp"
#include "api/testing.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace postern::api {
namespace {

using http::Method;
using testing::Bench;
using testing::header;

constexpr auto token_path = "/auth/v1/token";

std::string error_of(const http::Response& response) {
    return std::string(parse_json(response.body).value().at("error").get_string());
}

void change_account(Bench& bench, auto change) {
    for (auto& [id, account] : bench.store->tables.accounts) change(account);
}

TEST(LogIn, AnswersWithExactlyTheThreeFields) {
    Bench bench;
    const auto response = bench.log_in();
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(header(response, "Cache-Control"), "no-store");
    const auto body = parse_json(response.body).take().as_object();
    std::set<std::string> fields;
    for (const auto& field : body) fields.insert(std::string(field.key()));
    EXPECT_EQ(fields, (std::set<std::string>{"access_token", "expires_in", "refresh_token"}));
    EXPECT_EQ(body.at("expires_in"), 900);
}

TEST(LogIn, SaysMissingJsonBodyBeforeAnythingElse) {
    Bench bench;
    const std::string good = R"({"email":"ada@example.org","password":"correct"})";
    struct Case {
        std::string type;
        std::string body;
    };
    for (const auto& [type, body] : std::vector<Case>{{"application/json", ""},
                                                      {"application/json", "{"},
                                                      {"", good},
                                                      {"text/plain", good},
                                                      {"application/jsonp", good}}) {
        http::Request request{.method = Method::post, .path = token_path, .body = body};
        if (!type.empty()) request.headers.emplace_back("Content-Type", type);
        const auto response = bench.call(request);
        EXPECT_EQ(response.status, 400) << type << body;
        EXPECT_EQ(response.body, R"({"error":"Missing JSON body","code":"missing_json_body"})");
    }
    for (const auto* type : {"application/json; charset=utf-8", "Application/JSON ;x=1", "application/json"}) {
        http::Request request{.method = Method::post, .path = token_path, .body = good};
        request.headers.emplace_back("content-type", type);
        EXPECT_EQ(bench.call(request).status, 200) << type;
    }
    EXPECT_EQ(bench.hasher.verifications, 3);
}

TEST(LogIn, NamesTheFieldThatIsWrong) {
    Bench bench;
    const auto response = bench.log_in("nobody");
    EXPECT_EQ(response.status, 400);
    EXPECT_EQ(error_of(response).find("Field \"email\": must be an email address"), 0U) << response.body;
    EXPECT_EQ(bench.hasher.verifications, 0);
}

// One hash, no write, the same bytes: whatever the reason.
TEST(LogIn, EveryFailureLooksAndCostsTheSame) {
    const auto unverified = [](core::Account& account) { account.kind = core::AccountKind::demo; };
    const auto disabled = [](core::Account& account) { account.disabled_at = account.created_at; };
    const auto inactive = [](core::Account& account) { account.activated_at.reset(); };
    const auto passwordless = [](core::Account& account) { account.password_hash.clear(); };
    std::set<std::string> bodies;
    auto fail = [&bodies](Bench& bench, const std::string& email, const std::string& password) {
        const auto audited = bench.store->tables.audit.size();
        const auto response = bench.log_in(email, password);
        EXPECT_EQ(response.status, 401);
        EXPECT_EQ(header(response, "WWW-Authenticate"), "Bearer");
        EXPECT_EQ(bench.hasher.verifications, 1);
        EXPECT_EQ(bench.store->tables.audit.size(), audited);
        EXPECT_TRUE(bench.store->tables.sessions.empty());
        bodies.insert(response.body);
    };
    Bench unknown;
    fail(unknown, "nobody@example.org", "correct");
    Bench wrong;
    fail(wrong, "ada@example.org", "wrong");
    Bench unprepared;
    fail(unprepared, "ada@example.org", "cor\\nrect");
    for (const auto& change : std::vector<std::function<void(core::Account&)>>{unverified, disabled, inactive}) {
        Bench bench;
        change_account(bench, change);
        fail(bench, "ada@example.org", "wrong");
    }
    Bench empty;
    change_account(empty, passwordless);
    fail(empty, "ada@example.org", "correct");
    EXPECT_EQ(bodies, (std::set<std::string>{R"({"error":"Invalid email or password","code":"invalid_credentials"})"}));
}

TEST(LogIn, TellsOfTheAccountOnlyAfterTheRightPassword) {
    Bench bench;
    change_account(bench, [](core::Account& account) { account.disabled_at = account.created_at; });
    auto response = bench.log_in();
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(error_of(response), "Account is not activated");
    change_account(bench, [](core::Account& account) {
        account.disabled_at.reset();
        account.kind = core::AccountKind::demo;
    });
    response = bench.log_in();
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(error_of(response), "Email is not verified");
}

TEST(LogIn, NotesWhereItCameFromInPlainText) {
    Bench bench;
    http::Request request{.method = Method::post,
                          .path = token_path,
                          .body = R"({"email":"ada@example.org","password":"correct","permanent_login":true})",
                          .client_address = "192.0.2.7"};
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("User-Agent", "curl\xFF/8" + std::string(1000, 'x'));
    ASSERT_EQ(bench.call(request).status, 200);
    const auto& session = bench.store->tables.sessions.begin()->second;
    EXPECT_TRUE(session.permanent);
    EXPECT_EQ(session.address, "192.0.2.7");
    EXPECT_EQ(session.user_agent.substr(0, 7), "curl?/8");
    EXPECT_EQ(session.user_agent.size(), limits::user_agent_bytes);
}

TEST(LogIn, WithoutAKeyToSignWithIsUnavailable) {
    Bench bench;
    bench.signer.has_key = false;
    const auto response = bench.log_in();
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(header(response, "Retry-After"), "1");
    EXPECT_TRUE(bench.store->tables.sessions.empty());
}

TEST(LogIn, GuessesPastTheLimitAreRefusedBeforeAnyHashing) {
    Bench bench;
    const auto limit = static_cast<int>(limits::throttle_account_network_failures);
    for (int i = 0; i < limit; ++i) EXPECT_EQ(bench.log_in("ada@example.org", "wrong").status, 401);
    const auto refused = bench.log_in();
    EXPECT_EQ(refused.status, 429) << "not even the right password";
    EXPECT_EQ(refused.body, R"({"error":"Too many attempts; try again later","code":"too_many_attempts"})");
    EXPECT_EQ(bench.hasher.verifications, limit);
    bench.clock.advance(std::chrono::seconds(std::stoi(header(refused, "Retry-After"))));
    EXPECT_EQ(bench.log_in().status, 200);
}

TEST(LogIn, WhatTheServerCouldNotDoIsNoFailedLogin) {
    Bench bench;
    bench.signer.has_key = false;
    for (int i = 0; i < 50; ++i) EXPECT_EQ(bench.log_in().status, 503);
    bench.signer.has_key = true;
    EXPECT_EQ(bench.log_in().status, 200);
    EXPECT_EQ(bench.throttle.figures().entries, 0);
}

TEST(LogIn, ARightPasswordThatOpensNothingIsTold) {
    Bench bench;
    change_account(bench, [](core::Account& account) { account.disabled_at = account.created_at; });
    const auto before = bench.store->tables.audit.size();
    for (int i = 0; i < 20; ++i) EXPECT_EQ(bench.log_in().status, 401);
    ASSERT_TRUE(bench.throttle.flush(*bench.store).has_value());
    ASSERT_EQ(bench.store->tables.audit.size(), before + 1);
    EXPECT_EQ(bench.store->tables.audit.back().outcome, "account_not_activated");
    EXPECT_EQ(bench.store->tables.audit.back().count, 20);
}

TEST(LogIn, GivesABrowserACookieThatKeepsItsPlace) {
    Bench bench;
    const std::string cookie = header(bench.log_in(), "Set-Cookie");
    EXPECT_EQ(cookie.find("postern_device="), 0U);
    EXPECT_NE(cookie.find("; Path=/auth/v1; Max-Age=31536000; HttpOnly; SameSite=Strict; Secure"), std::string::npos);
    for (int i = 0; i < 20; ++i) (void)bench.log_in("ada@example.org", "wrong");
    EXPECT_EQ(bench.log_in().status, 429);
    http::Request request{.method = Method::post,
                          .path = token_path,
                          .body = R"({"email":"ada@example.org","password":"correct"})",
                          .client_address = "192.0.2.7"};
    request.headers.emplace_back("Content-Type", "application/json");
    request.headers.emplace_back("Cookie", "theme=dark; " + cookie.substr(0, cookie.find(';')));
    EXPECT_EQ(bench.call(request).status, 200);
}

TEST(LogIn, AStrangerForWhomThereIsNoRoomIsRefusedUnread) {
    Bench bench(0);
    http::Request request;
    request.method = Method::post;
    request.path = token_path;
    request.client_address = "192.0.2.7";
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = "no json";
    EXPECT_EQ(bench.call(request).status, 400) << "nothing is known of the network";
    const core::Guesser guesser{.email_key = "a@example.org", .network = "192.0.2.7", .device = {}};
    EXPECT_FALSE(bench.precedence.of(guesser, 0).goes_first(false));
    const auto refused = bench.call(request);
    EXPECT_EQ(refused.status, 503);
    EXPECT_FALSE(header(refused, "Retry-After").empty());

    request.headers.emplace_back("Cookie", "postern_device=x");
    EXPECT_EQ(bench.call(request).status, 400) << "the cookie may be of a device that is known";
    request.body = R"({"email":"a@example.org","password":"a guess"})";
    const auto reads = bench.store->reads;
    EXPECT_EQ(bench.call(request).status, 503);
    EXPECT_EQ(bench.store->reads, reads) << "and is of none";
}

}  // namespace
}  // namespace postern::api

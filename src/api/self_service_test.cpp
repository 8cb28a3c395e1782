// The self-service flows: what they ask for, in which order, and what they answer.
#include <gtest/gtest.h>

#include <set>

#include "api/testing.hpp"
#include "base/json.hpp"
#include "core/mail_tokens.hpp"

namespace postern::api {
namespace {

using http::Method;
using testing::Bench;
using testing::header;

constexpr auto good_password = "a long enough sentence";

std::string code_of(const http::Response& response) {
    return std::string(parse_json(response.body).value().at("code").get_string());
}

http::Response post(Bench& bench, const std::string& path, const std::string& body, const std::string& access = "") {
    return bench.call(Method::post, "/auth/v1" + path, access.empty() ? "" : "Bearer " + access, body);
}

std::string sign_in(Bench& bench) {
    const auto response = bench.log_in();
    EXPECT_EQ(response.status, 200) << response.body;
    return std::string(parse_json(response.body).value().at("access_token").get_string());
}

// The token of the newest mail with a link.
std::string newest_link(Bench& bench) {
    for (auto at = bench.store->tables.outbox.rbegin(); at != bench.store->tables.outbox.rend(); ++at) {
        if (!at->second.token_id) continue;
        return std::string(core::text_of_mail_token(bench.secrets, *at->second.token_id)->reveal());
    }
    return "";
}

std::string email_body(const std::string& email) {
    return R"({"email":")" + email + "\"}";
}

std::string token_body(const std::string& token) {
    return R"({"token":")" + token + "\"}";
}

std::string reset_body(const std::string& token, const std::string& password) {
    return R"({"token":")" + token + R"(","password":")" + password + "\"}";
}

TEST(SelfService, SignsUpAndVerifies) {
    Bench bench;
    const auto response =
        post(bench, "/signup", R"({"email":"eve@example.org","password":"a long enough sentence","locale":"de"})");
    EXPECT_EQ(response.status, 202) << response.body;
    EXPECT_EQ(bench.store->tables.outbox.size(), 1U);
    EXPECT_EQ(bench.log_in("eve@example.org", good_password).status, 403);
    EXPECT_EQ(post(bench, "/email/verify", token_body("nonsense")).status, 400);
    EXPECT_EQ(post(bench, "/email/verify", token_body(newest_link(bench))).status, 200);
    EXPECT_EQ(bench.log_in("eve@example.org", good_password).status, 200);
}

// The same answer, one hash, one record, whatever is known of the address.
TEST(SelfService, TellsNothingOfAnAddress) {
    for (const auto& [path, more] :
         std::vector<std::pair<std::string, std::string>>{{"/signup", R"(,"password":"a long enough sentence")"},
                                                          {"/password/forgot", ""},
                                                          {"/email/verify/resend", ""}}) {
        std::set<std::string> answers;
        for (const std::string email : {"ada@example.org", "nobody@example.org"}) {
            Bench bench;
            const auto audited = bench.store->tables.audit.size();
            const auto response = post(bench, path, R"({"email":")" + email + "\"" + more + "}");
            EXPECT_EQ(response.status, 202) << response.body;
            EXPECT_EQ(bench.store->tables.audit.size(), audited + 1);
            EXPECT_EQ(bench.store->tables.audit.back().actor, "anonymous");
            EXPECT_EQ(bench.store->tables.audit.back().address, "192.0.2.7");
            answers.insert(response.body);
        }
        EXPECT_EQ(answers.size(), 1U) << path;
    }
}

TEST(SelfService, SaysWithoutMailThatItHasNoneBeforeItLooksAtAnything) {
    Bench bench;
    bench.account_policy.mail_works = false;
    for (const std::string path : {"/password/forgot", "/email/verify/resend"}) {
        const auto response = post(bench, path, email_body("ada@example.org"));
        EXPECT_EQ(response.status, 503);
        EXPECT_EQ(code_of(response), "mail_unavailable");
        EXPECT_NE(response.body.find("mail.mode"), std::string::npos) << "the reason is not the machine's trouble";
        EXPECT_EQ(header(response, "Retry-After"), "3600");
    }
}

TEST(SelfService, HashesNothingForALinkThatDoesNotWork) {
    Bench bench;
    const auto before = bench.hash_lane.finished();
    EXPECT_EQ(code_of(post(bench, "/password/reset", reset_body("nonsense", good_password))), "invalid_link");
    EXPECT_EQ(code_of(post(bench, "/invitation/accept", reset_body("nonsense", good_password))), "invalid_link");
    EXPECT_EQ(bench.hash_lane.finished(), before);
}

TEST(SelfService, APasswordThatIsRefusedLeavesTheLinkGood) {
    Bench bench;
    EXPECT_EQ(post(bench, "/password/forgot", email_body("ada@example.org")).status, 202);
    const auto link = newest_link(bench);
    EXPECT_EQ(code_of(post(bench, "/password/reset", reset_body(link, "short"))), "password_too_short");
    EXPECT_EQ(post(bench, "/password/reset", reset_body(link, good_password)).status, 200);
    EXPECT_EQ(code_of(post(bench, "/password/reset", reset_body(link, good_password))), "invalid_link");
    EXPECT_EQ(bench.log_in("ada@example.org", good_password).status, 200);
}

TEST(SelfService, AWrongPasswordIsNo401) {
    Bench bench;
    const auto access = sign_in(bench);
    const auto wrong = post(bench, "/password/change",
                            R"({"current_password":"wrong","new_password":"a long enough sentence"})", access);
    EXPECT_EQ(wrong.status, 403);
    EXPECT_EQ(code_of(wrong), "wrong_password");
    const auto leave = bench.call(Method::delete_, "/auth/v1/me", "Bearer " + access, R"({"password":"wrong"})");
    EXPECT_EQ(leave.status, 403);
    EXPECT_EQ(bench.call(Method::get, "/auth/v1/me", "Bearer " + access).status, 200);
}

TEST(SelfService, ChangesThePasswordUnderTheSessionThatAsks) {
    Bench bench;
    const auto other = sign_in(bench);
    const auto access = sign_in(bench);
    const auto changed = post(bench, "/password/change",
                              R"({"current_password":"correct","new_password":"a long enough sentence"})", access);
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(bench.call(Method::get, "/auth/v1/me", "Bearer " + access).status, 200);
    EXPECT_EQ(bench.call(Method::get, "/auth/v1/me", "Bearer " + other).status, 401);
}

TEST(SelfService, ListsAndEndsOnesSessions) {
    Bench bench;
    const auto access = sign_in(bench);
    const auto listed = bench.call(Method::get, "/auth/v1/sessions", "Bearer " + access);
    const auto sessions = parse_json(listed.body).take().at("sessions").as_array();
    ASSERT_EQ(sessions.size(), 1U);
    EXPECT_EQ(sessions.at(0).at("current"), true);
    EXPECT_EQ(sessions.at(0).at("address"), "192.0.2.7");
    for (const std::string id : {"nonsense", "00000000-0000-7000-8000-000000000000"}) {
        const auto response = bench.call(Method::delete_, "/auth/v1/sessions/" + id, "Bearer " + access);
        EXPECT_EQ(response.status, 404);
        EXPECT_EQ(code_of(response), "session_unknown");
    }
    EXPECT_EQ(bench.call(Method::post, "/auth/v1/logout", "Bearer " + access).status, 200);
    EXPECT_EQ(bench.call(Method::get, "/auth/v1/me", "Bearer " + access).status, 401);
}

TEST(SelfService, ChangesTheProfileAndTellsIt) {
    Bench bench;
    const auto access = sign_in(bench);
    const auto changed =
        bench.call(Method::patch, "/auth/v1/me", "Bearer " + access, R"({"display_name":"Ada","locale":"de"})");
    ASSERT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(parse_json(changed.body).value().at("display_name"), "Ada");
    EXPECT_EQ(parse_json(changed.body).value().at("roles").as_array().size(), 0U);
    const auto refused = bench.call(Method::patch, "/auth/v1/me", "Bearer " + access, R"({"locale":"de_DE"})");
    EXPECT_EQ(code_of(refused), "invalid_locale");
}

}  // namespace
}  // namespace postern::api

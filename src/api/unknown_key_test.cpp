// Tokens of a key that another node has made a moment ago: looked for, never refused too early.
#include <gtest/gtest.h>

#include "api/testing.hpp"
#include "base/json.hpp"

namespace postern::api {
namespace {

using http::Method;
using testing::Bench;

class UnknownKey : public ::testing::Test {
protected:
    UnknownKey() {
        const auto body = parse_json(bench.log_in().body).take();
        access = std::string(body.at("access_token").get_string());
        refresh = std::string(body.at("refresh_token").get_string());
        bench.signer.knows_new_key = false;
    }
    // The status, and the code of an error.
    std::string ask(Method method, const char* path, const std::string& token) {
        const auto response = bench.call(method, path, "Bearer " + token);
        if (response.status == 200) return "200";
        return std::to_string(response.status) + " " + std::string(parse_json(response.body)->at("code").get_string());
    }

    Bench bench;
    std::string access;
    std::string refresh;
};

TEST_F(UnknownKey, IsLookedForBeforeItsTokenIsRefused) {
    bench.key_updater.learn = [this] { bench.signer.knows_new_key = true; };
    EXPECT_EQ(ask(Method::get, "/auth/v1/me", access), "200");
    EXPECT_EQ(bench.key_updater.calls, 1);
    EXPECT_EQ(ask(Method::get, "/auth/v1/me", access), "200");
    EXPECT_EQ(bench.key_updater.calls, 1) << "what is known is not looked for";
    bench.signer.knows_new_key = false;
    EXPECT_EQ(ask(Method::post, "/auth/v1/refresh", refresh), "200");
    EXPECT_EQ(bench.key_updater.calls, 2);
}

TEST_F(UnknownKey, ThatNobodyMadeIsRefusedAsInvalid) {
    EXPECT_EQ(ask(Method::get, "/auth/v1/me", access), "401 invalid_token");
    EXPECT_EQ(ask(Method::post, "/auth/v1/refresh", refresh), "401 invalid_token");
    EXPECT_EQ(ask(Method::delete_, "/auth/v1/revoke_refresh", refresh), "401 invalid_token");
    EXPECT_EQ(bench.key_updater.calls, 3);
}

// Clients keep their tokens: what cannot be looked for may be good.
TEST_F(UnknownKey, ThatCannotBeLookedForIsNoReasonToRefuse) {
    bench.key_updater.outcome = unavailable("no database");
    EXPECT_EQ(ask(Method::get, "/auth/v1/me", access), "503 unavailable");
    EXPECT_EQ(ask(Method::post, "/auth/v1/refresh", refresh), "503 unavailable");
}

TEST_F(UnknownKey, OfAForgedTokenIsNotLookedFor) {
    EXPECT_EQ(ask(Method::get, "/auth/v1/me", "forged"), "401 invalid_token");
    EXPECT_EQ(bench.key_updater.calls, 0);
}

}  // namespace
}  // namespace postern::api

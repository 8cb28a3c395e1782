#include "api/bearer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/limits.hpp"

namespace postern::api {
namespace {

http::Request request_with(std::vector<std::string> values) {
    http::Request request;
    for (auto& value : values) request.headers.emplace_back("authorization", std::move(value));
    return request;
}

TEST(Bearer, TakesTheTokenWhateverTheCaseOfTheScheme) {
    for (const auto* value :
         {"Bearer a.b-c_d", "bearer a.b-c_d", "BEARER a.b-c_d", "Bearer   a.b-c_d", "Bearer a.b-c_d "}) {
        const auto request = request_with({value});
        auto token = bearer_token(request);
        ASSERT_TRUE(token.has_value()) << value;
        EXPECT_EQ(*token, "a.b-c_d") << value;
    }
    const auto padded = request_with({"Bearer YWJj=="});
    EXPECT_EQ(bearer_token(padded).value(), "YWJj==");
}

TEST(Bearer, TellsApartWhatIsWrong) {
    struct Case {
        std::vector<std::string> values;
        std::string_view code;
    };
    const std::vector<Case> cases = {
        {{}, "missing_authorization"},
        {{""}, "unsupported_authorization"},
        {{"Basic YTpi"}, "unsupported_authorization"},
        {{"Bearera.b.c"}, "unsupported_authorization"},
        {{"a.b.c"}, "unsupported_authorization"},
        {{"Bearer"}, "invalid_token"},
        {{"Bearer  "}, "invalid_token"},
        {{"Bearer a.b.c d.e.f"}, "invalid_token"},
        {{"Bearer a.b.c, Bearer d.e.f"}, "invalid_token"},
        {{"Bearer a.b.c,d.e.f"}, "invalid_token"},
        {{"Bearer " + std::string(limits::token_bytes + 1, 'a')}, "invalid_token"},
        {{"Bearer a.b.c", "Bearer a.b.c"}, "repeated_authorization"},
    };
    for (const auto& [values, code] : cases) {
        auto token = bearer_token(request_with(values));
        const std::string shown = values.empty() ? "no header" : values.front().substr(0, 40);
        ASSERT_FALSE(token.has_value()) << shown;
        EXPECT_EQ(token.error().code, code) << shown;
    }
}

TEST(Bearer, NeverRepeatsWhatItWasSent) {
    auto token = bearer_token(request_with({"Bearer s3cret, s3cret"}));
    ASSERT_FALSE(token.has_value());
    EXPECT_EQ(token.error().message.find("s3cret"), std::string::npos);
}

TEST(Bearer, ALongestTokenIsStillTaken) {
    const auto request = request_with({"Bearer " + std::string(limits::token_bytes, 'a')});
    EXPECT_TRUE(bearer_token(request).has_value());
}

TEST(Bearer, NoHeaderIsNoErrorWhereNoneIsNeeded) {
    auto token = find_bearer_token(request_with({}));
    ASSERT_TRUE(token.has_value());
    EXPECT_FALSE(token->has_value());
}

}  // namespace
}  // namespace postern::api

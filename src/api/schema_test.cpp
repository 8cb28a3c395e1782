#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "api/messages.hpp"
#include "api/schema_derive.hpp"
#include "http/message.hpp"

namespace postern::api {
namespace {

struct Refusal {
    std::string_view body;
    std::string_view code;
    std::string_view message;
};

TEST(Schema, RefusesWhatTheDeclarationDoesNotSay) {
    const std::vector<Refusal> refusals = {
        {"", "missing_json_body", "Missing JSON body"},
        {"email=ada", "missing_json_body", "Missing JSON body"},
        {R"({"email":"a@b.c","password":"x"} x)", "missing_json_body", "Missing JSON body"},
        {"null", "invalid_body", "The JSON body must be an object"},
        {R"(["email"])", "invalid_body", "The JSON body must be an object"},
        {R"({"email":"a@b.c","email":"d@e.f","password":"x"})", "duplicate_field",
         R"(The JSON object names the field "email" twice)"},
        {R"({"email":"a@b.c","password":"x","otp":"1"})", "unknown_field", R"(Field "otp": is not known here)"},
        {R"({"email":"a@b.c","password":"x","Email":"d@e.f"})", "unknown_field", R"(Field "Email": is not known here)"},
        {R"({"password":"x"})", "missing_field", R"(Field "email": is missing)"},
        {R"({"email":"a@b.c"})", "missing_field", R"(Field "password": is missing)"},
        {R"({"email":["a@b.c"],"password":"x"})", "invalid_field", R"(Field "email": must be a string)"},
        {R"({"email":"a@b.c","password":1234})", "invalid_field", R"(Field "password": must be a string)"},
        {R"({"email":"a@b.c","password":null})", "invalid_field", R"(Field "password": must be a string)"},
        {R"({"email":"a@b.c","password":""})", "invalid_field", R"(Field "password": must not be empty)"},
        {R"({"email":"a@b.c","password":"x","permanent_login":1})", "invalid_field",
         R"(Field "permanent_login": must be true or false)"},
        {R"({"email":"a@b.c","password":"x","permanent_login":null})", "invalid_field",
         R"(Field "permanent_login": must be true or false)"},
    };
    for (const Refusal& refusal : refusals) {
        auto parsed = parse_message<LoginRequest>(refusal.body);
        ASSERT_FALSE(parsed.has_value()) << refusal.body;
        EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_input) << refusal.body;
        EXPECT_EQ(parsed.error().code, refusal.code) << refusal.body;
        EXPECT_EQ(parsed.error().message, refusal.message) << refusal.body;
    }
}

TEST(Schema, QuotesAStrangersFieldNameSafely) {
    auto parsed = parse_message<LoginRequest>(R"({"\u0000\n<script>":1})");
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos);
    EXPECT_EQ(parsed.error().message.find('\0'), std::string::npos);
}

TEST(Schema, ReadsEveryFieldAndGivesAbsentOnesTheirDefault) {
    auto parsed = parse_message<LoginRequest>(R"({"password":"p\u0000w","email":"a@b.c"})");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->email, "a@b.c");
    EXPECT_EQ(parsed->password.reveal(), std::string_view("p\0w", 3));
    EXPECT_FALSE(parsed->permanent_login);
    parsed = parse_message<LoginRequest>(R"({"email":"a@b.c","password":"x","permanent_login":true})");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_TRUE(parsed->permanent_login);
}

TEST(Schema, AnOptionalFieldMayBeAbsentButNotNull) {
    auto absent = parse_message<RefreshRequest>("{}");
    ASSERT_TRUE(absent.has_value());
    EXPECT_FALSE(absent->refresh_token.has_value());
    EXPECT_FALSE(parse_message<RefreshRequest>(R"({"refresh_token":null})").has_value());
    EXPECT_FALSE(parse_message<RefreshRequest>(R"({"refresh_token":""})").has_value());
    EXPECT_TRUE(parse_message<RefreshRequest>(R"({"refresh_token":"x"})").has_value());
}

TEST(Schema, SerialisesInTheOrderOfTheDeclaration) {
    LoginResponse response;
    response.access_token = SecretString("a.b.c");
    response.expires_in = 900;
    response.refresh_token = SecretString("d.e.f");
    EXPECT_EQ(serialise(response), R"({"access_token":"a.b.c","expires_in":900,"refresh_token":"d.e.f"})");
}

TEST(Schema, SerialisesIdsTimesAndKinds) {
    MeResponse response;
    response.kind = core::AccountKind::demo;
    response.created_at = from_milliseconds(1'772'366'400'007);
    const std::string text = serialise(response);
    EXPECT_NE(text.find(R"("id":"00000000-0000-0000-0000-000000000000")"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("kind":"demo")"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("created_at":"2026-03-01T12:00:00.007Z")"), std::string::npos) << text;
    EXPECT_EQ(text.find("last_login_at"), std::string::npos) << text;
}

TEST(Schema, DescribesTypesRequirementsAndDefaults) {
    const auto request = boost::json::serialize(describe_schema<LoginRequest>(SchemaUse::request));
    EXPECT_NE(request.find(R"("required":["email","password"])"), std::string::npos) << request;
    EXPECT_NE(request.find(R"("permanent_login":{"type":"boolean","default":false,)"), std::string::npos) << request;
    EXPECT_NE(request.find(R"("additionalProperties":false)"), std::string::npos) << request;
    const auto me = boost::json::serialize(describe_schema<MeResponse>(SchemaUse::response));
    EXPECT_NE(me.find(R"("kind":{"type":"string","enum":["demo","standard"])"), std::string::npos) << me;
    EXPECT_EQ(me.find("additionalProperties"), std::string::npos) << me;
    EXPECT_FALSE(describe_schema<RefreshRequest>(SchemaUse::request).contains("required"));
}

// The server's own errors are written by the http room; this holds them to the declared type.
TEST(Schema, DescribesTheErrorsThatTheServerWrites) {
    auto parsed = parse_message<ErrorResponse>(http::error_response(404, "not_found", "No \"such\" path").body);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_EQ(parsed->error, "No \"such\" path");
    EXPECT_EQ(parsed->code, "not_found");
}

TEST(Rfc3339, FormatsInUtcWithMilliseconds) {
    EXPECT_EQ(write_time(from_milliseconds(0)), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(write_time(from_milliseconds(1'709'251'199'999)), "2024-02-29T23:59:59.999Z");
}

}  // namespace
}  // namespace postern::api

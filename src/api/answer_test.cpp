#include "api/answer.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace postern::api {
namespace {

std::optional<std::string> header(const http::Response& response, std::string_view name) {
    for (const auto& [field, value] : response.headers) {
        if (field == name) return value;
    }
    return std::nullopt;
}

http::Response answer_to(Error error) {
    return answer_error(error, http::Request{});
}

TEST(AnswerError, GivesEachKindItsStatus) {
    EXPECT_EQ(answer_to(invalid_input("c", "m")).status, 400);
    EXPECT_EQ(answer_to(unauthenticated("c", "m")).status, 401);
    EXPECT_EQ(answer_to(forbidden("c", "m")).status, 403);
    EXPECT_EQ(answer_to(not_found("c", "m")).status, 404);
    EXPECT_EQ(answer_to(conflict("c", "m")).status, 409);
    EXPECT_EQ(answer_to(overloaded("m")).status, 503);
    EXPECT_EQ(answer_to(unavailable("m")).status, 503);
    EXPECT_EQ(answer_to({ErrorKind::not_current, "not_current", "m"}).status, 503);
    EXPECT_EQ(answer_to(internal_error("m")).status, 500);
}

TEST(AnswerError, TellsCodeAndMessageAndIsNotCached) {
    const auto response = answer_to(forbidden("email_not_verified", "Email is not verified"));
    EXPECT_EQ(response.content_type, "application/json");
    EXPECT_EQ(response.body, R"({"error":"Email is not verified","code":"email_not_verified"})");
    EXPECT_EQ(header(response, "Cache-Control"), "no-store");
    EXPECT_FALSE(header(response, "WWW-Authenticate").has_value());
    EXPECT_FALSE(header(response, "Retry-After").has_value());
}

TEST(AnswerError, ChallengesByWhatWasPresented) {
    for (const auto* code : {"missing_authorization", "unsupported_authorization", "invalid_credentials"}) {
        EXPECT_EQ(header(answer_to(unauthenticated(code, "m")), "WWW-Authenticate"), "Bearer") << code;
    }
    for (const auto* code : {"invalid_token", "token_expired", "token_revoked", "session_ended", "refresh_reused"}) {
        EXPECT_EQ(header(answer_to(unauthenticated(code, "m")), "WWW-Authenticate"),
                  R"(Bearer error="invalid_token", error_description="m")")
            << code;
    }
    EXPECT_EQ(header(answer_to(unauthenticated("invalid_client", "m")), "WWW-Authenticate"),
              R"(Basic realm="clients")");
    EXPECT_EQ(header(answer_to(invalid_input("repeated_authorization", "m")), "WWW-Authenticate"),
              R"(Bearer error="invalid_request", error_description="m")");
    EXPECT_EQ(header(answer_to(forbidden("admin_required", "m")), "WWW-Authenticate"),
              R"(Bearer error="insufficient_scope", error_description="m")");
    EXPECT_EQ(header(answer_to(invalid_input("invalid_body", "m")), "WWW-Authenticate"), std::nullopt);
}

TEST(AnswerError, QuotesNothingThatWouldEndTheChallenge) {
    EXPECT_EQ(header(answer_to(unauthenticated("invalid_token", "a \"b\" \\ \r\n\xc3\xa9")), "WWW-Authenticate"),
              R"(Bearer error="invalid_token", error_description="a 'b' ' ????")");
}

TEST(AnswerError, SaysWhenToTryAgain) {
    EXPECT_EQ(header(answer_to(overloaded("m", std::chrono::seconds(7))), "Retry-After"), "7");
    EXPECT_EQ(header(answer_to({ErrorKind::unavailable, "unavailable", "m"}), "Retry-After"), "1");
}

TEST(AnswerError, KeepsTheMachinesTroublesOutOfTheAnswer) {
    for (const auto& error : {internal_error("at 0x7f: /var/lib/postern"), unavailable("host db1 port 5432 refused")}) {
        const auto response = answer_to(error);
        EXPECT_EQ(response.body.find("/var/lib"), std::string::npos) << response.body;
        EXPECT_EQ(response.body.find("db1"), std::string::npos) << response.body;
    }
}

TEST(AnswerPublicJson, AnswersNotModifiedToWhoHasItAlready) {
    const std::string body = R"({"keys":[]})";
    const auto full = answer_public_json(http::Request{}, body);
    EXPECT_EQ(full.status, 200);
    EXPECT_EQ(full.body, body);
    EXPECT_EQ(header(full, "Cache-Control"), "public, max-age=300");
    const std::string tag = header(full, "ETag").value();
    for (const auto& value : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
        http::Request request;
        request.headers.emplace_back("if-none-match", value);
        const auto again = answer_public_json(request, body);
        EXPECT_EQ(again.status, 304) << value;
        EXPECT_EQ(again.body, "");
        EXPECT_EQ(again.content_type, "");
        EXPECT_EQ(header(again, "ETag"), tag);
    }
    for (const std::string value : {"\"other\"", "", ",", "other"}) {
        http::Request request;
        request.headers.emplace_back("if-none-match", value);
        EXPECT_EQ(answer_public_json(request, body).status, 200) << value;
    }
    EXPECT_NE(header(answer_public_json(http::Request{}, "{}"), "ETag"), tag);
}

}  // namespace
}  // namespace postern::api

#include "base/json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace postern {
namespace {

std::string code_of(std::string_view text) {
    auto parsed = parse_json(text);
    return parsed.has_value() ? "accepted" : parsed.error().code;
}

TEST(Json, ReadsWhatRfc8259Allows) {
    auto parsed = parse_json(R"( {"a": [1, -2.5, "é\u00e9", null, true], "b": {"a": {}}} )");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->as_object().at("a").as_array().size(), 5U);
}

TEST(Json, RefusesDuplicateKeysAtAnyDepth) {
    EXPECT_EQ(code_of(R"({"a":1,"a":2})"), "duplicate_field");
    EXPECT_EQ(code_of(R"({"b":[{"a":1,"\u0061":2}]})"), "duplicate_field");
    EXPECT_EQ(code_of(R"({"":1,"":2})"), "duplicate_field");
    EXPECT_EQ(code_of(R"({"a":{"a":1},"b":{"a":2}})"), "accepted");
}

TEST(Json, RefusesWhatIsNotJson) {
    for (const std::string text :
         {"", " ", "{", "nul", "{\"a\":1}x", "{\"a\":1}{}", "[1,]", "{'a':1}", "NaN", "01", "\"\xff\"",
          "\"\xed\xa0\x80\"", "\"a\nb\"", "/**/1", "1e400", "-1e400", "\"\\ud800\""}) {
        EXPECT_EQ(code_of(text), "invalid_json") << text;
    }
}

TEST(Json, RefusesDeepNestingWithoutRecursion) {
    EXPECT_EQ(code_of(std::string(100'000, '[')), "invalid_json");
    EXPECT_EQ(code_of(std::string(100'000, '[') + std::string(100'000, ']')), "invalid_json");
}

}  // namespace
}  // namespace postern

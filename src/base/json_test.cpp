#include "base/json.hpp"

#include <gtest/gtest.h>

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/null_resource.hpp>
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
    EXPECT_EQ(code_of(R"({"b":1,"a":{"b":2,"c":3},"c":4,"":5})"), "accepted");
    EXPECT_EQ(code_of(R"({"c":1,"a":{"x":[{"y":1}]},"b":2,"c":3})"), "duplicate_field");
    std::string many = "{";
    for (int i = 0; i < 50'000; ++i) many += "\"" + std::to_string(i) + "\":0,";
    EXPECT_EQ(code_of(many + R"("x":0})"), "accepted");
    EXPECT_EQ(code_of(many + R"("49999":0})"), "duplicate_field");
}

TEST(Json, IsReadIntoTheMemoryOfItsCaller) {
    std::array<unsigned char, 16384> memory{};
    boost::json::monotonic_resource arena(memory.data(), memory.size(), boost::json::get_null_resource());
    const auto parsed = parse_json(R"({"a":[1,2,"a text longer than any small one"],"b":{"c":1}})", &arena);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->at("a").as_array().size(), 3U);
    EXPECT_EQ(parsed->at("b").storage().get(), &arena);
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

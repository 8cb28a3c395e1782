#include "verify/jws.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/encoding.hpp"

namespace postern::verify {
namespace {

Result<JwsHeader> header_of(std::string_view text) {
    return read_jws_header({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void expect_refused(std::string_view header) {
    const auto read = header_of(header);
    ASSERT_FALSE(read.has_value()) << header;
    EXPECT_EQ(read.error().code, "invalid_token");
    EXPECT_EQ(read.error().kind, ErrorKind::unauthenticated);
}

TEST(SplitJws, TakesTheThreePartsApart) {
    const std::string_view token = "YQ.Yg.Yw";
    const auto parts = split_jws(token);
    ASSERT_TRUE(parts.has_value());
    EXPECT_EQ(parts->signing_input, "YQ.Yg");
    EXPECT_EQ(text_of(parts->header), "a");
    EXPECT_EQ(text_of(parts->payload), "b");
    EXPECT_EQ(text_of(parts->signature), "c");
    EXPECT_TRUE(split_jws("YQ..Yw").has_value()) << "an empty payload is legal";
}

TEST(SplitJws, RefusesEveryOtherForm) {
    using namespace std::string_literals;
    for (const auto& token : {""s,
                              "."s,
                              ".."s,
                              "..."s,
                              "YQ"s,
                              "YQ.Yg"s,
                              "YQ.Yg."s,
                              ".Yg.Yw"s,
                              "YQ.Yg.Yw."s,
                              ".YQ.Yg.Yw"s,
                              "YQ.Yg.Yw.ZA"s,
                              "YQ.Yg.Yw.ZA.ZQ"s,
                              "YQ==.Yg.Yw"s,
                              "YQ.Yg.Yw=="s,
                              " YQ.Yg.Yw"s,
                              "YQ.Yg.Yw "s,
                              "YQ.Yg.Yw\n"s,
                              "YQ.\nYg.Yw"s,
                              "YQ.Yg.Y w"s,
                              "YQ.Yg.Yw\0"s,
                              "YQ.Yg.YR"s,
                              "YR.Yg.Yw"s,
                              "YQ.Yh.Yw"s,
                              "Y.Yg.Yw"s,
                              "YQ.Yg.+/8"s,
                              "YQ.Yg.Yw?"s,
                              "YQ.Yg.Y\xc3\xbc"s,
                              R"({"payload":"Yg","protected":"YQ","signature":"Yw"})"s}) {
        const auto parts = split_jws(token);
        ASSERT_FALSE(parts.has_value()) << token;
        EXPECT_EQ(parts.error().code, "invalid_token");
    }
}

TEST(SplitJws, NeverFailsButByAnError) {
    EXPECT_TRUE(rc::check("any bytes", [](const std::string& token) {
        const auto parts = split_jws(token);
        if (parts.has_value()) RC_ASSERT(!header_of("{}").has_value());
    }));
}

TEST(JwsHeader, IsRead) {
    const auto header = header_of(R"({ "typ":"at+jwt", "alg":"ES256", "kid":"k", "cty":"x", "other":[1] })");
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->alg, "ES256");
    EXPECT_EQ(header->kid, "k");
    EXPECT_EQ(header->typ, "at+jwt");
    const auto least = header_of(R"({"alg":"x"})");
    ASSERT_TRUE(least.has_value());
    EXPECT_FALSE(least->kid.has_value());
    EXPECT_FALSE(least->typ.has_value());
    EXPECT_TRUE(header_of(R"({"alg":"x","jku":"https://evil","jwk":{},"x5u":"y","x5c":[]})").has_value())
        << "never looked at";
    EXPECT_TRUE(header_of(R"({"alg":"x","b64":true})").has_value());
}

TEST(JwsHeader, IsReadStrictly) {
    for (const std::string_view header : {"",
                                          "null",
                                          "[]",
                                          "\"ES256\"",
                                          "{",
                                          R"({"alg":"ES256"} )"
                                          "x",
                                          R"({alg:"ES256"})",
                                          R"({"kid":"x"})",
                                          R"({"alg":1})",
                                          R"({"alg":null})",
                                          R"({"alg":["ES256"]})",
                                          R"({"alg":{"x":1}})",
                                          R"({"alg":true})",
                                          R"({"alg":"ES256","alg":"ES256"})",
                                          R"({"alg":"none","alg":"ES256"})",
                                          R"({"alg":"ES256","\u0061lg":"none"})",
                                          R"({"alg":"ES256","kid":1})",
                                          R"({"alg":"ES256","kid":null})",
                                          R"({"alg":"ES256","typ":[]})",
                                          R"({"alg":"ES256",})",
                                          "{\"alg\":\"ES256\",\"x\":\"\xff\"}",
                                          "\xef\xbb\xbf{\"alg\":\"ES256\"}",
                                          R"({"alg":"ES256"/**/})",
                                          R"({"alg":"ES256","x":1e400})"}) {
        expect_refused(header);
    }
    expect_refused(R"({"alg":"ES256","x":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}");
}

// CVE-2026-35042: an extension that is said to be critical and is not understood.
TEST(JwsHeader, RefusesEveryCrit) {
    for (const std::string_view crit : {R"(["unknown"])", R"(["exp"])", R"(["b64"])", "[]", "null", "\"exp\"", "[7]",
                                        "{}", R"(["alg"])", R"(["x","x"])"}) {
        expect_refused(R"({"alg":"ES256","unknown":1,"exp":1,"crit":)" + std::string(crit) + "}");
    }
    expect_refused(R"({"alg":"ES256","b64":false})");
    expect_refused(R"({"alg":"ES256","b64":false,"crit":["b64"]})");
    expect_refused(R"({"alg":"ES256","b64":"true"})");
}

TEST(Typ, IsComparedAsAMediaType) {
    EXPECT_TRUE(is_typ("at+jwt", "at+jwt"));
    EXPECT_TRUE(is_typ("AT+JWT", "at+jwt"));
    EXPECT_TRUE(is_typ("application/at+jwt", "at+jwt"));
    EXPECT_TRUE(is_typ("Application/At+Jwt", "at+jwt"));
    EXPECT_FALSE(is_typ("JWT", "at+jwt"));
    EXPECT_FALSE(is_typ("", "at+jwt"));
    EXPECT_FALSE(is_typ(" at+jwt", "at+jwt"));
    EXPECT_FALSE(is_typ("at+jwt; x=y", "at+jwt"));
    EXPECT_FALSE(is_typ("application/application/at+jwt", "at+jwt"));
    EXPECT_FALSE(is_typ("x/at+jwt", "at+jwt"));
    EXPECT_FALSE(is_typ(std::nullopt, "at+jwt"));
}

}  // namespace
}  // namespace postern::verify

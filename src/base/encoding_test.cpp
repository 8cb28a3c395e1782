#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace postern {
namespace {

std::string decoded(std::string_view text) {
    auto bytes = decode_base64url(text);
    return bytes ? std::string(bytes->begin(), bytes->end()) : "refused";
}

TEST(Base64url, RoundTripsTheVectorsOfRfc4648) {
    for (const auto& [plain, coded] : {std::pair<std::string, std::string>{"", ""},
                                       {"f", "Zg"},
                                       {"fo", "Zm8"},
                                       {"foo", "Zm9v"},
                                       {"foob", "Zm9vYg"},
                                       {"fooba", "Zm9vYmE"},
                                       {"foobar", "Zm9vYmFy"},
                                       {"\xfb\xff", "-_8"}}) {
        EXPECT_EQ(encode_base64url(plain), coded);
        EXPECT_EQ(decoded(coded), plain);
    }
}

TEST(Base64url, RefusesEveryOtherSpelling) {
    // Padding, the other alphabet, white space, stray bits, an impossible length, bytes outside ASCII.
    for (const char* text : {"Zg==", "+/8", "Zg ", " Zg", "Z g", "Zh", "Zm9", "Z", "Zm9vY", "Zg\n", "Z\xc3\xa9"}) {
        EXPECT_EQ(decoded(text), "refused") << text;
    }
}

TEST(QuoteForMessage, ShowsAStrangersTextWithoutHarm) {
    EXPECT_EQ(quote_for_message("name"), "\"name\"");
    EXPECT_EQ(quote_for_message("a\"\\\n\x80"), "\"a????\"");
    EXPECT_EQ(quote_for_message(std::string(100, 'x')), "\"" + std::string(40, 'x') + "…\"");
}

TEST(Base64, OfASecretTakesOneSpellingOnly) {
    EXPECT_EQ(decode_base64_secret("QWxhZGRpbjpvcGVuIHNlc2FtZQ==")->reveal(), "Aladdin:open sesame");  // RFC 7617
    EXPECT_EQ(decode_base64_secret("-_8=").has_value(), false);
    EXPECT_EQ(decode_base64_secret("+/8=")->reveal(), "\xfb\xff");
    for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9v=", "Zg== ", "Z g==", "Zg==\n", "=", "Z\xc3\xa9=="}) {
        EXPECT_FALSE(decode_base64_secret(text).has_value()) << text;
    }
}

TEST(FormEncoding, IsDecodedOrRefused) {
    EXPECT_EQ(decode_form("a+b%20c%2Bd%C3%A9"), "a b c+d\xc3\xa9");
    EXPECT_EQ(decode_form("%00"), std::string(1, '\0'));
    for (const char* text : {"%", "%2", "%2x", "a%", "%-1", "% 1"}) EXPECT_FALSE(decode_form(text).has_value()) << text;
}

}  // namespace
}  // namespace postern

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

}  // namespace
}  // namespace postern

#include "base/zlib.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace postern {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t plenty = 1 << 20;

TEST(Zlib, ReadsWhatAnotherProgramWrote) {
    // Python: zlib.compress(bytes([0xb9, 0xa3])), the list of draft-ietf-oauth-status-list section 4.1.
    const Bytes compressed{0x78, 0xda, 0xdb, 0xb9, 0x18, 0x00, 0x02, 0x17, 0x01, 0x5d};
    const auto bytes = inflate_zlib(compressed, plenty);
    ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
    EXPECT_EQ(*bytes, (Bytes{0xb9, 0xa3}));
}

RC_GTEST_PROP(Zlib, GivesBackWhatItTook, (const Bytes& bytes, std::uint8_t filler)) {
    Bytes longer = bytes;
    longer.resize(bytes.size() + 10'000, filler);
    for (const auto& original : {bytes, longer}) {
        const auto inflated = inflate_zlib(deflate_zlib(original), original.size());
        RC_ASSERT(inflated.has_value());
        RC_ASSERT(*inflated == original);
    }
}

TEST(Zlib, TakesNoMoreThanItIsAllowed) {
    const Bytes zeros(100'000);
    const auto compressed = deflate_zlib(zeros);
    EXPECT_TRUE(inflate_zlib(compressed, zeros.size()).has_value());
    for (const std::size_t most : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, zeros.size() - 1}) {
        const auto refused = inflate_zlib(compressed, most);
        ASSERT_FALSE(refused.has_value()) << most;
        EXPECT_EQ(refused.error().code, "invalid_zlib");
    }
}

TEST(Zlib, RefusesABombWithoutUnpackingIt) {
    const auto bomb = deflate_zlib(Bytes(64 * plenty));
    ASSERT_LT(bomb.size(), plenty / 8);
    const auto refused = inflate_zlib(bomb, plenty);
    ASSERT_FALSE(refused.has_value());
    EXPECT_NE(refused.error().message.find("more than"), std::string::npos) << refused.error().message;
}

TEST(Zlib, RefusesWhatIsNotOneWholeStream) {
    const Bytes text{'p', 'o', 's', 't', 'e', 'r', 'n'};
    const auto good = deflate_zlib(text);
    for (std::size_t length = 0; length < good.size(); ++length) {
        EXPECT_FALSE(inflate_zlib(std::span(good).first(length), plenty).has_value()) << length;
    }
    auto followed = good;
    followed.push_back(0);
    EXPECT_FALSE(inflate_zlib(followed, plenty).has_value());
    auto wrong_sum = good;
    wrong_sum.back() ^= 1U;
    EXPECT_FALSE(inflate_zlib(wrong_sum, plenty).has_value());
    auto no_zlib = good;
    no_zlib.front() = 0x1f;
    EXPECT_FALSE(inflate_zlib(no_zlib, plenty).has_value());
    // A header that asks for a dictionary, which nobody has agreed on.
    EXPECT_FALSE(inflate_zlib(Bytes{0x78, 0xbb, 0, 0, 0, 1, 0x03, 0x00, 0, 0, 0, 1}, plenty).has_value());
}

TEST(Zlib, MakesTheSameGzipOfTheSameText) {
    const std::string text(5000, 'a');
    const auto zipped = gzip(text);
    EXPECT_EQ(zipped, gzip(text));
    EXPECT_LT(zipped.size(), 100U);
    ASSERT_GT(zipped.size(), 10U);
    EXPECT_EQ(zipped.substr(0, 3), "\x1f\x8b\x08");
    EXPECT_EQ(zipped.substr(3, 5), std::string(5, '\0')) << "no name, no time";
    EXPECT_NE(zipped, gzip(text + "b"));
}

}  // namespace
}  // namespace postern

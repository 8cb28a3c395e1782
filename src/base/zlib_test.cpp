#include "base/zlib.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace postern {
namespace {

using Bytes = std::vector<std::uint8_t>;

RC_GTEST_PROP(Zlib, GivesBackWhatWasPacked, (const Bytes& bytes)) {
    const auto level = *rc::gen::inRange(1, 10);
    const auto again = inflate_zlib(deflate_zlib(bytes, level), bytes.size());
    RC_ASSERT(again.has_value());
    RC_ASSERT(*again == bytes);
}

TEST(Zlib, StopsAtItsBound) {
    const Bytes bomb = deflate_zlib(Bytes(64 << 20), 9);
    ASSERT_LT(bomb.size(), 100'000U);
    const auto unpacked = inflate_zlib(bomb, 1 << 20);
    ASSERT_FALSE(unpacked.has_value());
    EXPECT_EQ(unpacked.error().code, "invalid_zlib");
    const Bytes packed = deflate_zlib(Bytes(10'000, 7), 6);
    EXPECT_TRUE(inflate_zlib(packed, 10'000).has_value());
    EXPECT_FALSE(inflate_zlib(packed, 9'999).has_value());
    EXPECT_FALSE(inflate_zlib(packed, 0).has_value());
}

TEST(Zlib, RefusesWhatIsNoWholeStream) {
    const Bytes good = deflate_zlib(Bytes(10'000, 7), 6);
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(inflate_zlib(std::span(good).first(size), 20'000).has_value()) << size;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(inflate_zlib(longer, 20'000).has_value());
    Bytes wrong_checksum = good;
    wrong_checksum.back() ^= 1;
    EXPECT_FALSE(inflate_zlib(wrong_checksum, 20'000).has_value());
    EXPECT_FALSE(inflate_zlib(Bytes{0x1f, 0x8b, 8, 0}, 100).has_value()) << "gzip";
}

}  // namespace
}  // namespace postern

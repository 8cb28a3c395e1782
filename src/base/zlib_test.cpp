#include "base/zlib.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zlib.h>

namespace postern {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(Zlib, ReadsWhatAnotherProgramWrote) {
    // Python: zlib.compress(bytes([0xb9, 0xa3]), 9), the statuses of draft-ietf-oauth-status-list section 4.1.
    const auto bytes = inflate_zlib(Bytes{0x78, 0xda, 0xdb, 0xb9, 0x18, 0x00, 0x02, 0x17, 0x01, 0x5d}, 2);
    ASSERT_TRUE(bytes.has_value()) << bytes.error().message;
    EXPECT_EQ(*bytes, (Bytes{0xb9, 0xa3}));
}

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

TEST(Zlib, RefusesADictionaryThatNobodyHas) {
    z_stream stream{};
    ASSERT_EQ(deflateInit(&stream, Z_DEFAULT_COMPRESSION), Z_OK);
    Bytes dictionary{1, 2, 3, 4};
    Bytes bytes{1, 2, 3, 4, 1, 2, 3, 4};
    Bytes packed(100);
    deflateSetDictionary(&stream, dictionary.data(), 4);
    stream.next_in = bytes.data();
    stream.avail_in = 8;
    stream.next_out = packed.data();
    stream.avail_out = 100;
    ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    EXPECT_FALSE(inflate_zlib(packed, 100).has_value());
}

TEST(Gzip, IsReadByZlibAndTheSameEachTime) {
    const std::string text(10'000, 'x');
    auto packed = gzip(text);
    EXPECT_EQ(packed, gzip(text));
    EXPECT_LT(packed.size(), 100U);
    z_stream stream{};
    ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string out(text.size() + 1, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    EXPECT_EQ(out, text);
}

}  // namespace
}  // namespace postern

#include "crypto/refresh_mac.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace postern::crypto {
namespace {

TEST(RefreshMac, IsHmacSha256) {
    // RFC 4231 section 4.2 has a shorter key; padded with zeroes to 32 bytes, HMAC's own padding makes it the same.
    KeyBytes secret(32);
    std::fill_n(secret.begin(), 20, std::uint8_t{0x0b});
    const auto mac = RefreshMac::make(secret);
    ASSERT_TRUE(mac.has_value());
    const auto tag = mac->sign("Hi There");
    EXPECT_EQ(tag[0], 0xb0);
    EXPECT_EQ(tag[1], 0x34);
    EXPECT_EQ(tag[31], 0xf7);
    EXPECT_TRUE(mac->verify("Hi There", tag));
    EXPECT_FALSE(mac->verify("Hi There.", tag));
    EXPECT_FALSE(mac->verify("Hi There", std::span(tag).first(31)));
    EXPECT_FALSE(mac->verify("Hi There", {}));
    for (std::size_t bit = 0; bit < 256; ++bit) {
        auto changed = tag;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        EXPECT_FALSE(mac->verify("Hi There", changed));
    }
    EXPECT_FALSE(RefreshMac::make(KeyBytes(31)).has_value());
    EXPECT_FALSE(RefreshMac::make(KeyBytes()).has_value()) << "CVE-2026-44699: never an empty key";
}

}  // namespace
}  // namespace postern::crypto

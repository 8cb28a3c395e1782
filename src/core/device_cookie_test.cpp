#include "core/device_cookie.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/testing.hpp"

namespace postern::core {
namespace {

const testing::PlainSecrets secrets;

TEST(DeviceCookie, IsGoodForItsAddressOnly) {
    const std::string cookie = *make_device_cookie(secrets, "ada@example.org");
    EXPECT_TRUE(read_device_cookie(secrets, "ada@example.org", cookie).has_value());
    EXPECT_FALSE(read_device_cookie(secrets, "bob@example.org", cookie).has_value());
    EXPECT_FALSE(read_device_cookie(secrets, "", cookie).has_value());
}

TEST(DeviceCookie, EachDeviceIsAnother) {
    std::set<Digest> devices;
    for (int i = 0; i < 10; ++i) {
        devices.insert(*read_device_cookie(secrets, "a", *make_device_cookie(secrets, "a")));
    }
    EXPECT_EQ(devices.size(), 10U);
}

TEST(DeviceCookie, NoBitOfItMayChange) {
    const std::string cookie = *make_device_cookie(secrets, "ada@example.org");
    for (std::size_t at = 0; at < cookie.size(); ++at) {
        std::string changed = cookie;
        changed[at] = changed[at] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(read_device_cookie(secrets, "ada@example.org", changed).has_value()) << at;
    }
    EXPECT_FALSE(read_device_cookie(secrets, "ada@example.org", "").has_value());
    EXPECT_FALSE(read_device_cookie(secrets, "ada@example.org", cookie.substr(4)).has_value());
    EXPECT_FALSE(read_device_cookie(secrets, "ada@example.org", cookie + "AAAA").has_value());
    EXPECT_FALSE(read_device_cookie(secrets, "ada@example.org", std::string(100'000, 'A')).has_value());
}

}  // namespace
}  // namespace postern::core

#include "core/device_cookie.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/testing.hpp"

namespace postern::core {
namespace {

const testing::PlainSecrets secrets;

Account account(std::string address) {
    Account made;
    made.id.bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    made.email_key = std::move(address);
    made.security_version = 0x0102030405;
    return made;
}

TEST(DeviceCookie, TellsWhoseItIsAndSinceWhen) {
    const auto device =
        read_device_cookie(secrets, "ada@example.org", *make_device_cookie(secrets, account("ada@example.org")));
    ASSERT_TRUE(device.has_value());
    EXPECT_EQ(device->account, account("").id);
    EXPECT_EQ(device->security_version, 0x0102030405);
}

TEST(DeviceCookie, IsGoodForItsAddressOnly) {
    const std::string cookie = *make_device_cookie(secrets, account("ada@example.org"));
    EXPECT_TRUE(read_device_cookie(secrets, "ada@example.org", cookie).has_value());
    EXPECT_FALSE(read_device_cookie(secrets, "bob@example.org", cookie).has_value());
    EXPECT_FALSE(read_device_cookie(secrets, "", cookie).has_value());
}

TEST(DeviceCookie, EachDeviceIsAnother) {
    std::set<Digest> devices;
    for (int i = 0; i < 10; ++i) {
        devices.insert(read_device_cookie(secrets, "a", *make_device_cookie(secrets, account("a")))->key);
    }
    EXPECT_EQ(devices.size(), 10U);
}

TEST(DeviceCookie, NoBitOfItMayChange) {
    const std::string cookie = *make_device_cookie(secrets, account("ada@example.org"));
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

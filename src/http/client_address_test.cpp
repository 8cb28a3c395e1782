#include "http/client_address.hpp"

#include <gtest/gtest.h>

namespace postern::http {
namespace {

std::string round_trip(std::string_view text) {
    const auto address = parse_address(text);
    return address ? format_address(*address) : "none";
}

TEST(ParseAddress, EveryForm) {
    EXPECT_EQ(round_trip("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(round_trip("192.0.2.1:8080"), "192.0.2.1");
    EXPECT_EQ(round_trip("2001:DB8::1"), "2001:db8::1");
    EXPECT_EQ(round_trip("[2001:db8::1]"), "2001:db8::1");
    EXPECT_EQ(round_trip("[2001:db8::1]:443"), "2001:db8::1");
    EXPECT_EQ(round_trip("::ffff:192.0.2.1"), "192.0.2.1");
    for (const char* bad : {"", "unknown", "_hidden", "192.0.2", "192.0.2.1:", "192.0.2.1:x", "192.0.2.1:99999",
                            "[2001:db8::1", "[2001:db8::1]x", "1.2.3.4, 5.6.7.8", "2001:db8::1%eth0", "host:80"}) {
        EXPECT_EQ(round_trip(bad), "none") << bad;
    }
}

// Each row of `forwarded` is a header line.
std::string client(const std::vector<std::string>& proxies, std::string_view peer,
                   const std::vector<std::string>& forwarded) {
    const auto trusted = TrustedProxies::parse(proxies);
    if (!trusted) return trusted.error().message;
    Request request;
    for (const std::string& line : forwarded) request.headers.emplace_back("x-forwarded-for", line);
    return trusted->client_address(*parse_address(peer), request);
}

TEST(ClientAddress, OnlyFromTrustedPeers) {
    EXPECT_EQ(client({}, "192.0.2.1", {"203.0.113.1"}), "192.0.2.1");
    EXPECT_EQ(client({"10.0.0.0/8"}, "192.0.2.1", {"203.0.113.1"}), "192.0.2.1");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.1.2.3", {"203.0.113.1"}), "203.0.113.1");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.1.2.3", {}), "10.1.2.3");
    EXPECT_EQ(client({"10.0.0.0/8"}, "::ffff:10.1.2.3", {"203.0.113.1"}), "203.0.113.1");
    EXPECT_EQ(client({"fd00::/8", "192.0.2.7"}, "fd12::1", {"203.0.113.1, 192.0.2.7"}), "203.0.113.1");
}

TEST(ClientAddress, FromTheRight) {
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"1.1.1.1, 203.0.113.1, 10.0.0.2"}), "203.0.113.1");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"1.1.1.1", "203.0.113.1", "10.0.0.2"}), "203.0.113.1");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"::ffff:203.0.113.1"}), "203.0.113.1");
}

TEST(ClientAddress, StopsAtGarbage) {
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"203.0.113.1, nonsense, 10.0.0.2"}), "10.0.0.2");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {""}), "10.0.0.1");
    EXPECT_EQ(client({"10.0.0.0/8"}, "10.0.0.1", {"203.0.113.1,"}), "10.0.0.1");
}

TEST(TrustedProxies, PrefixesToTheBit) {
    EXPECT_EQ(client({"10.0.0.0/9"}, "10.127.0.1", {"203.0.113.1"}), "203.0.113.1");
    EXPECT_EQ(client({"10.0.0.0/9"}, "10.128.0.1", {"203.0.113.1"}), "10.128.0.1");
    EXPECT_EQ(client({"0.0.0.0/0"}, "198.51.100.1", {"::1"}), "::1");
    for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "fd00::/129", "10.0.0/8", "proxy.example", ""}) {
        EXPECT_FALSE(TrustedProxies::parse({bad}).has_value()) << bad;
    }
}

TEST(NetworkOf, FoldsWhatOneStrangerHas) {
    EXPECT_EQ(network_of("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(network_of("::ffff:192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(network_of("2001:db8:0:1:2:3:4:5"), "2001:db8:0:1::/64");
    EXPECT_EQ(network_of("2001:db8:0:1::"), network_of("2001:0db8:0000:0001:ffff::1"));
    EXPECT_NE(network_of("2001:db8:0:1::1"), network_of("2001:db8:0:2::1"));
    EXPECT_EQ(network_of("::1"), "::/64");
    EXPECT_EQ(network_of(""), "");
}

}  // namespace
}  // namespace postern::http

#include "delivery/network_address.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>

namespace postern::delivery {
namespace {

struct NetworkV4 {
    std::uint32_t base;
    unsigned bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return a << 24U | b << 16U | c << 8U | d;
}

constexpr std::array<NetworkV4, 15> not_public_v4 = {{{v4(0, 0, 0, 0), 8},  // this network
                                                      {v4(10, 0, 0, 0), 8},
                                                      {v4(100, 64, 0, 0), 10},  // shared by a provider's customers
                                                      {v4(127, 0, 0, 0), 8},
                                                      {v4(169, 254, 0, 0), 16},  // the link; clouds' metadata
                                                      {v4(172, 16, 0, 0), 12},
                                                      {v4(192, 0, 0, 0), 24},
                                                      {v4(192, 0, 2, 0), 24},
                                                      {v4(192, 88, 99, 0), 24},
                                                      {v4(192, 168, 0, 0), 16},
                                                      {v4(198, 18, 0, 0), 15},
                                                      {v4(198, 51, 100, 0), 24},
                                                      {v4(203, 0, 113, 0), 24},
                                                      {v4(224, 0, 0, 0), 4},    // multicast
                                                      {v4(240, 0, 0, 0), 4}}};  // reserved; broadcast

bool is_public_v4(std::uint32_t address) {
    return std::ranges::none_of(not_public_v4, [address](const NetworkV4& network) {
        return (address ^ network.base) >> (32U - network.bits) == 0;
    });
}

using BytesV6 = std::array<std::uint8_t, 16>;

bool begins_with(const BytesV6& address, std::span<const std::uint8_t> prefix) {
    return std::equal(prefix.begin(), prefix.end(), address.begin());
}

std::uint32_t v4_at(const BytesV6& address, std::size_t at) {
    return v4(address.at(at), address.at(at + 1), address.at(at + 2), address.at(at + 3));
}

bool is_public_v6(const BytesV6& address) {
    constexpr std::array<std::uint8_t, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    constexpr std::array<std::uint8_t, 12> nat64 = {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
    constexpr std::array<std::uint8_t, 2> six_to_four = {0x20, 0x02};
    constexpr std::array<std::uint8_t, 4> documentation = {0x20, 0x01, 0x0d, 0xb8};
    constexpr std::array<std::uint8_t, 2> documentation_too = {0x3f, 0xff};
    if (begins_with(address, mapped) || begins_with(address, nat64)) return is_public_v4(v4_at(address, 12));
    if (begins_with(address, six_to_four)) return is_public_v4(v4_at(address, 2));
    if ((address[0] & 0xe0U) != 0x20U) return false;  // 2000::/3 is all that is given out
    // 2001::/23: Teredo, which hides an IPv4 address, benchmarks and the like.
    if (address[0] == 0x20 && address[1] == 0x01 && address[2] < 2) return false;
    return !begins_with(address, documentation) && !begins_with(address, documentation_too);
}

}  // namespace

bool is_public_address(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address, sizeof in);
        return is_public_v4(ntohl(in.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 in{};
        std::memcpy(&in, &address, sizeof in);
        BytesV6 bytes{};
        std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
        return is_public_v6(bytes);
    }
    return false;
}

}  // namespace postern::delivery

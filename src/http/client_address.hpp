// Whose request it is: the peer's address, or what a trusted proxy says of it in X-Forwarded-For.
//
// Each proxy appends the address that it saw, so the list is read from the right, and only for as long as the speaker
// is trusted: what stands left of the first untrusted address was written by a stranger. Thread-safe once built.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "http/message.hpp"

namespace postern::http {

// An IPv6 address, or an IPv4 one in its mapped form (::ffff:a.b.c.d).
using AddressBytes = std::array<std::uint8_t, 16>;

// "192.0.2.1", "2001:db8::1", "[2001:db8::1]", each with or without ":port" where that is unambiguous.
std::optional<AddressBytes> parse_address(std::string_view text);
// IPv4-mapped addresses are written as IPv4.
std::string format_address(const AddressBytes& address);

// Who counts as one stranger: an IPv4 address by itself, an IPv6 address by its /64, of which one household has them
// all. "192.0.2.1", "2001:db8:0:1::/64". What is no address stands for itself.
std::string network_of(std::string_view address);

class TrustedProxies {
public:
    TrustedProxies() = default;
    // Addresses or networks ("10.0.0.0/8", "fd00::/8"). Errors: invalid_input, which names the wrong one.
    static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

    [[nodiscard]] bool trusts(const AddressBytes& address) const;
    // The client behind `peer`, who sent `request`.
    [[nodiscard]] std::string client_address(const AddressBytes& peer, const Request& request) const;

private:
    struct Network {
        AddressBytes prefix;
        unsigned bits;
    };
    std::vector<Network> networks_;
};

}  // namespace postern::http

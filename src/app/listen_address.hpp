// HOST:PORT, as `listen` has it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace postern::app {

struct ListenAddress {
    std::string host;  // an IPv4 or IPv6 address, without brackets
    std::uint16_t port = 0;

    // With brackets around an IPv6 address.
    [[nodiscard]] std::string text() const;
};

// Takes "127.0.0.1:8080", "[::1]:8080" and "localhost:8080"; port 0 lets the system choose.
// Errors: "invalid_configuration".
Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace postern::app

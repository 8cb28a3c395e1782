#include "app/listen_address.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>

#include "app/configuration.hpp"
#include "base/encoding.hpp"

namespace postern::app {
namespace {

bool is_address(int family, const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> ignored{};
    return inet_pton(family, host.c_str(), ignored.data()) == 1;
}

Error wrong_address(std::string_view text) {
    return configuration_error("listen is " + quote_for_message(text) +
                               "; it must be an address and a port, such as \"127.0.0.1:8080\" or \"[::]:8080\"");
}

}  // namespace

std::string ListenAddress::text() const {
    const bool version_6 = host.find(':') != std::string::npos;
    return (version_6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || text.find('\0') != std::string_view::npos) return wrong_address(text);
    ListenAddress address;
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (error != std::errc() || end != port.data() + port.size()) return wrong_address(text);

    address.host = text.substr(0, colon);
    if (address.host == "localhost") address.host = "127.0.0.1";
    if (is_address(AF_INET, address.host)) return address;
    if (!address.host.starts_with('[') || !address.host.ends_with(']')) return wrong_address(text);
    address.host = address.host.substr(1, address.host.size() - 2);
    if (!is_address(AF_INET6, address.host)) return wrong_address(text);
    return address;
}

}  // namespace postern::app

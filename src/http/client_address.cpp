#include "http/client_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ascii.hpp"
#include "base/encoding.hpp"

namespace postern::http {
namespace {

constexpr unsigned address_bits = 128;
constexpr unsigned mapped_bits = 96;         // of ::ffff:0:0/96, the IPv4 addresses within IPv6
constexpr std::ptrdiff_t network_bytes = 8;  // of an IPv6 address: its /64
constexpr AddressBytes mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

bool is_mapped(const AddressBytes& address) {
    return std::equal(address.begin(), address.begin() + 12, mapped_prefix.begin());
}

std::optional<AddressBytes> parse_bare_address(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.empty() || text.size() >= terminated.size()) return std::nullopt;
    std::copy(text.begin(), text.end(), terminated.begin());
    AddressBytes address = mapped_prefix;
    if (inet_pton(AF_INET, terminated.data(), address.data() + 12) == 1) return address;
    if (inet_pton(AF_INET6, terminated.data(), address.data()) == 1) return address;
    return std::nullopt;
}

std::optional<unsigned> parse_number(std::string_view text, unsigned largest) {
    unsigned number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number > largest) return std::nullopt;
    return number;
}

bool is_port(std::string_view text) {
    constexpr unsigned largest_port = 65535;
    return text.size() > 1 && text.front() == ':' && parse_number(text.substr(1), largest_port);
}

bool within(const AddressBytes& address, const AddressBytes& prefix, unsigned bits) {
    const unsigned whole = bits / 8;
    if (!std::equal(address.begin(), address.begin() + whole, prefix.begin())) return false;
    if (bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xffU << (8 - bits % 8));
    return ((address.at(whole) ^ prefix.at(whole)) & mask) == 0;
}

}  // namespace

std::optional<AddressBytes> parse_address(std::string_view text) {
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        const std::string_view rest = text.substr(close + 1);
        if (!rest.empty() && !is_port(rest)) return std::nullopt;
        return parse_bare_address(text.substr(1, close - 1));
    }
    const auto colon = text.find(':');
    const bool single_colon = colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
    if (single_colon) return is_port(text.substr(colon)) ? parse_bare_address(text.substr(0, colon)) : std::nullopt;
    return parse_bare_address(text);
}

std::string format_address(const AddressBytes& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (is_mapped(address)) {
        inet_ntop(AF_INET, address.data() + 12, text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, address.data(), text.data(), text.size());
    }
    return text.data();
}

std::string network_of(std::string_view address) {
    auto bytes = parse_bare_address(address);
    if (!bytes) return std::string(address);
    if (is_mapped(*bytes)) return format_address(*bytes);
    std::fill(bytes->begin() + network_bytes, bytes->end(), std::uint8_t{0});
    return format_address(*bytes) + "/64";
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
    TrustedProxies proxies;
    for (const std::string& text : networks) {
        const std::string_view view = text;
        const auto slash = view.find('/');
        const auto address = parse_bare_address(view.substr(0, slash));
        std::optional<unsigned> bits = address_bits;
        if (address && slash != std::string_view::npos) {
            const bool v4 = is_mapped(*address) && view.find(':') == std::string_view::npos;
            bits = parse_number(view.substr(slash + 1), v4 ? address_bits - mapped_bits : address_bits);
            if (bits && v4) *bits += mapped_bits;
        }
        if (!address || !bits) {
            return invalid_input("invalid_trusted_proxy", "The trusted proxy " + quote_for_message(text) +
                                                              " is neither an address nor a network; write it like "
                                                              "192.0.2.7, 10.0.0.0/8 or fd00::/8");
        }
        proxies.networks_.push_back({*address, *bits});
    }
    return proxies;
}

bool TrustedProxies::trusts(const AddressBytes& address) const {
    return std::any_of(networks_.begin(), networks_.end(),
                       [&address](const Network& network) { return within(address, network.prefix, network.bits); });
}

std::string TrustedProxies::client_address(const AddressBytes& peer, const Request& request) const {
    AddressBytes client = peer;
    // Several header lines are one list (RFC 9110 section 5.3), so the last line is the right end.
    for (auto line = request.headers.rbegin(); line != request.headers.rend(); ++line) {
        if (!equal_ignoring_case(line->first, "X-Forwarded-For")) continue;
        std::string_view list = line->second;
        while (true) {
            if (!trusts(client)) return format_address(client);
            const auto comma = list.rfind(',');
            const auto entry = comma == std::string_view::npos ? list : list.substr(comma + 1);
            const auto address = parse_address(trim_spaces(entry));
            if (!address) return format_address(client);
            client = *address;
            if (comma == std::string_view::npos) break;
            list = list.substr(0, comma);
        }
    }
    return format_address(client);
}

}  // namespace postern::http

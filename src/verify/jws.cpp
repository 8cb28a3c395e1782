#include "verify/jws.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;

Error invalid_token(std::string message) {
    return unauthenticated("invalid_token", std::move(message));
}

Result<std::vector<std::uint8_t>> decode_part(std::string_view name, std::string_view text) {
    auto bytes = decode_base64url(text);
    if (!bytes) return invalid_token("The " + std::string(name) + " of the token is not base64url without padding");
    return std::move(*bytes);
}

Result<std::optional<std::string>> find_text(const json::object& header, std::string_view name) {
    const json::value* value = header.if_contains(name);
    if (value == nullptr) return std::optional<std::string>();
    if (!value->is_string()) return invalid_token("The token's header parameter " + std::string(name) + " is no text");
    return std::optional<std::string>(std::string(value->get_string()));
}

}  // namespace

Result<JwsParts> split_jws(std::string_view token) {
    if (std::ranges::count(token, '.') != 2) {
        return invalid_token("The token is no compact JWS: that has three parts with a dot between them");
    }
    const std::size_t first = token.find('.');
    const std::size_t second = token.rfind('.');
    JwsParts parts;
    parts.signing_input = token.substr(0, second);
    parts.header = TRY(decode_part("header", token.substr(0, first)));
    parts.payload = TRY(decode_part("payload", token.substr(first + 1, second - first - 1)));
    parts.signature = TRY(decode_part("signature", token.substr(second + 1)));
    if (parts.header.empty()) return invalid_token("The token has no header");
    if (parts.signature.empty()) return invalid_token("The token has no signature");
    return parts;
}

Result<JwsHeader> read_jws_header(std::span<const std::uint8_t> header) {
    auto parsed = parse_json({reinterpret_cast<const char*>(header.data()), header.size()});
    if (!parsed.has_value()) return invalid_token("The token's header is not valid JSON: " + parsed.error().message);
    const json::object* object = parsed->if_object();
    if (object == nullptr) return invalid_token("The token's header is no JSON object");
    if (object->contains("crit")) {
        return invalid_token("The token's header has crit, and no extension that it could name is understood");
    }
    if (const json::value* b64 = object->if_contains("b64"); b64 != nullptr && *b64 != json::value(true)) {
        return invalid_token("The token's header has b64, and a payload that is not base64url is not understood");
    }
    JwsHeader read;
    auto alg = TRY(find_text(*object, "alg"));
    if (!alg) return invalid_token("The token's header has no alg");
    read.alg = std::move(*alg);
    read.kid = TRY(find_text(*object, "kid"));
    read.typ = TRY(find_text(*object, "typ"));
    return read;
}

std::string normalise_typ(std::string_view typ) {
    constexpr std::string_view optional_prefix = "application/";
    std::string lower = to_lower_ascii(typ);
    // RFC 7515 section 4.1.9 leaves the prefix out only where no other slash follows.
    if (lower.starts_with(optional_prefix) && lower.find('/', optional_prefix.size()) == std::string::npos) {
        lower.erase(0, optional_prefix.size());
    }
    return lower;
}

bool is_typ(const std::optional<std::string>& typ, std::string_view expected) {
    return typ.has_value() && normalise_typ(*typ) == normalise_typ(expected);
}

}  // namespace postern::verify

#include "verify/jws.hpp"

#include <algorithm>
#include <memory>

#include "base/ascii.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;

Error invalid_token(std::string message) {
    return unauthenticated("invalid_token", std::move(message));
}

// Decodes `text` to the beginning of `room`, and leaves what is left of it there.
Result<std::span<const std::uint8_t>> decode_part(std::string_view name, std::string_view text,
                                                  std::span<std::uint8_t>& room) {
    const auto size = decode_base64url(text, room);
    if (!size) return invalid_token("The " + std::string(name) + " of the token is not base64url without padding");
    const auto part = room.first(*size);
    room = room.subspan(*size);
    return std::span<const std::uint8_t>(part);
}

Result<std::optional<std::string_view>> find_text(const json::object& header, std::string_view name) {
    const json::value* value = header.if_contains(name);
    if (value == nullptr) return std::optional<std::string_view>();
    if (!value->is_string()) return invalid_token("The token's header parameter " + std::string(name) + " is no text");
    return std::optional<std::string_view>(value->get_string());
}

// RFC 7515 section 4.1.9 leaves the prefix out only where no other slash follows.
std::string_view without_application(std::string_view typ) {
    constexpr std::string_view prefix = "application/";
    const bool prefixed = typ.size() >= prefix.size() && equal_ignoring_case(typ.substr(0, prefix.size()), prefix);
    if (prefixed && typ.find('/', prefix.size()) == std::string_view::npos) typ.remove_prefix(prefix.size());
    return typ;
}

}  // namespace

Result<JwsParts> split_jws(std::string_view token, std::span<std::uint8_t> lent) {
    if (std::ranges::count(token, '.') != 2) {
        return invalid_token("The token is no compact JWS: that has three parts with a dot between them");
    }
    const std::size_t first = token.find('.');
    const std::size_t second = token.rfind('.');
    JwsParts parts;
    parts.signing_input = token.substr(0, second);
    parts.header = TRY(decode_part("header", token.substr(0, first), lent));
    parts.payload = TRY(decode_part("payload", token.substr(first + 1, second - first - 1), lent));
    parts.signature = TRY(decode_part("signature", token.substr(second + 1), lent));
    if (parts.header.empty()) return invalid_token("The token has no header");
    if (parts.signature.empty()) return invalid_token("The token has no signature");
    return parts;
}

Result<JwsParts> split_jws(std::string_view token) {
    std::vector<std::uint8_t> memory(token.size());
    auto parts = TRY(split_jws(token, memory));
    parts.memory = std::move(memory);
    return parts;
}

JwsHeader& JwsHeader::operator=(JwsHeader&& other) noexcept {
    // A value that is assigned to keeps its storage and copies, so the texts would point into what is gone.
    if (this != &other) {
        std::destroy_at(this);
        std::construct_at(this, std::move(other));
    }
    return *this;
}

Result<JwsHeader> read_jws_header(std::span<const std::uint8_t> header, const json::storage_ptr& storage) {
    auto parsed = parse_json({reinterpret_cast<const char*>(header.data()), header.size()}, storage);
    if (!parsed.has_value()) return invalid_token("The token's header is not valid JSON: " + parsed.error().message);
    JwsHeader read(std::move(parsed).take());
    const json::object* object = read.parsed.if_object();
    if (object == nullptr) return invalid_token("The token's header is no JSON object");
    if (object->contains("crit")) {
        return invalid_token("The token's header has crit, and no extension that it could name is understood");
    }
    if (const json::value* b64 = object->if_contains("b64"); b64 != nullptr && *b64 != json::value(true)) {
        return invalid_token("The token's header has b64, and a payload that is not base64url is not understood");
    }
    const auto alg = TRY(find_text(*object, "alg"));
    if (!alg) return invalid_token("The token's header has no alg");
    read.alg = *alg;
    read.kid = TRY(find_text(*object, "kid"));
    read.typ = TRY(find_text(*object, "typ"));
    return read;
}

std::string normalise_typ(std::string_view typ) {
    return to_lower_ascii(without_application(typ));
}

bool is_typ(std::optional<std::string_view> typ, std::string_view expected) {
    return typ.has_value() && equal_ignoring_case(without_application(*typ), without_application(expected));
}

}  // namespace postern::verify

#include "verify/claims.hpp"

#include <algorithm>
#include <string>

#include "base/id.hpp"
#include "base/json.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;

// The last second of the year 9999: in milliseconds it is far from the end of 64 bits.
constexpr std::int64_t latest_second = 253'402'300'799;

}  // namespace

Error invalid_claim(std::string_view name, std::string_view what) {
    return unauthenticated("invalid_token", "The token's claim " + std::string(name) + " " + std::string(what));
}

Result<json::value> parse_claims(std::span<const std::uint8_t> payload, const json::storage_ptr& storage) {
    auto parsed = parse_json({reinterpret_cast<const char*>(payload.data()), payload.size()}, storage);
    if (!parsed.has_value()) {
        return unauthenticated("invalid_token", "The token's claims are not valid JSON: " + parsed.error().message);
    }
    if (!parsed->is_object()) return unauthenticated("invalid_token", "The token's claims are no JSON object");
    return parsed;
}

Result<const json::value*> get_claim(const json::object& claims, std::string_view name) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr) return invalid_claim(name, "is missing");
    return value;
}

Result<std::string_view> get_text(const json::object& claims, std::string_view name) {
    const json::value* value = TRY(get_claim(claims, name));
    if (!value->is_string() || value->get_string().empty()) return invalid_claim(name, "is not a text");
    return std::string_view(value->get_string());
}

Result<std::int64_t> get_whole(const json::object& claims, std::string_view name, std::int64_t most) {
    const json::value* value = TRY(get_claim(claims, name));
    const std::int64_t* number = value->if_int64();
    if (number == nullptr || *number < 0 || *number > most)
        return invalid_claim(name, "is not a whole number in range");
    return *number;
}

Result<Timestamp> get_time(const json::object& claims, std::string_view name) {
    return from_seconds(TRY(get_whole(claims, name, latest_second)));
}

Result<void> check_type(const json::object& claims, std::string_view wanted) {
    if (TRY(get_text(claims, "type")) != wanted) return invalid_claim("type", "is not " + std::string(wanted));
    return {};
}

bool is_canonical_uuid(std::string_view text) {
    return parse_uuid(text).has_value() && std::ranges::none_of(text, [](char c) { return c >= 'A' && c <= 'F'; });
}

}  // namespace postern::verify

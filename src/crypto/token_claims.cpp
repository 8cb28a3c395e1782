#include "crypto/token_claims.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <limits>

#include "base/json.hpp"
#include "core/scopes.hpp"
#include "verify/claims.hpp"

namespace postern::crypto {
namespace {

namespace json = boost::json;

// For the JSON of one token, which takes some sixty allocations otherwise. What does not fit is allocated.
class ClaimsMemory {
public:
    ClaimsMemory() : resource_(bytes_.data(), bytes_.size()) {}
    operator json::storage_ptr() { return &resource_; }  // NOLINT: where a storage is wanted

private:
    std::array<unsigned char, 8192> bytes_;  // NOLINT: filled before it is read
    json::monotonic_resource resource_;
};

constexpr std::string_view access_type = "access";
constexpr std::string_view refresh_type = "refresh";

// They were checked when they were set; a name that has become ours since gives way.
void add_custom_claims(json::object& object, std::string_view custom) {
    if (custom.empty()) return;
    const auto parsed = parse_json(custom);
    if (!parsed.has_value() || !parsed->is_object()) return;
    for (const auto& member : parsed->get_object()) {
        if (!core::is_reserved_claim(member.key())) object.emplace(member.key(), member.value());
    }
}

std::string refresh_token_id(const core::RefreshClaims& claims) {
    return claims.session_id.text() + "." + std::to_string(claims.counter);
}

}  // namespace

std::string write_claims(const core::AccessClaims& claims) {
    ClaimsMemory memory;
    json::object object(
        {{"iss", claims.issuer},
         {"aud", json::array(claims.audience.begin(), claims.audience.end(), memory)},
         {"sub", claims.subject.text()},
         {"client_id", claims.client_id},
         {"iat", to_seconds(claims.issued_at)},
         {"exp", to_seconds(claims.expires_at)},
         {"jti", claims.token_id.text()},
         {"type", access_type},
         {"status",
          {{"status_list",
            {{"idx", claims.slot.index}, {"uri", core::status_list_uri(claims.issuer, claims.slot.list)}}}}}},
        memory);
    if (!claims.is_clients_own()) object["sid"] = claims.session_id.text();
    if (!claims.roles.empty()) object["roles"] = json::array(claims.roles.begin(), claims.roles.end(), memory);
    if (!claims.scopes.empty()) object["scope"] = core::join_words(claims.scopes);
    add_custom_claims(object, claims.custom);
    return json::serialize(object);
}

std::string write_claims(const core::StatusListClaims& claims) {
    const json::object object = {{"sub", claims.subject},
                                 {"iat", to_seconds(claims.issued_at)},
                                 {"exp", to_seconds(claims.expires_at)},
                                 {"ttl", std::chrono::duration_cast<Seconds>(claims.time_to_live).count()},
                                 {"status_list", {{"bits", 1}, {"lst", claims.list}}}};
    return json::serialize(object);
}

std::string write_claims(const core::RefreshClaims& claims) {
    ClaimsMemory memory;
    const json::object object({{"iss", claims.issuer},
                               {"aud", claims.audience},
                               {"sub", claims.subject.text()},
                               {"iat", to_seconds(claims.issued_at)},
                               {"exp", to_seconds(claims.expires_at)},
                               {"jti", refresh_token_id(claims)},
                               {"sid", claims.session_id.text()},
                               {"ctr", claims.counter},
                               {"type", refresh_type}},
                              memory);
    return json::serialize(object);
}

Result<core::RefreshClaims> read_refresh_claims(std::span<const std::uint8_t> payload) {
    ClaimsMemory memory;
    const json::value parsed = TRY(verify::parse_claims(payload, memory));
    const json::object& object = parsed.get_object();
    core::RefreshClaims claims;
    TRY(verify::check_type(object, refresh_type));
    claims.issuer = TRY(verify::get_text(object, "iss"));
    claims.audience = TRY(verify::get_text(object, "aud"));
    claims.subject = TRY(verify::get_id<core::AccountId>(object, "sub"));
    claims.issued_at = TRY(verify::get_time(object, "iat"));
    claims.expires_at = TRY(verify::get_time(object, "exp"));
    claims.session_id = TRY(verify::get_id<core::SessionId>(object, "sid"));
    claims.counter = TRY(verify::get_whole(object, "ctr", std::numeric_limits<std::int64_t>::max()));
    if (TRY(verify::get_text(object, "jti")) != refresh_token_id(claims)) {
        return verify::invalid_claim("jti", "does not belong to its session and counter");
    }
    return claims;
}

}  // namespace postern::crypto

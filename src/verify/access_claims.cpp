#include "verify/access_claims.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <limits>

#include "core/scopes.hpp"
#include "verify/claims.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;

Result<std::vector<std::string>> get_texts(const json::value& value, std::string_view name) {
    if (!value.is_array()) return invalid_claim(name, "is no array of texts");
    std::vector<std::string> texts;
    texts.reserve(value.get_array().size());
    for (const json::value& element : value.get_array()) {
        if (!element.is_string()) return invalid_claim(name, "holds something that is not a text");
        texts.emplace_back(element.get_string());
    }
    return texts;
}

// One text or an array of texts (RFC 7519 section 4.1.3).
Result<std::vector<std::string>> get_audience(const json::object& claims) {
    const json::value* value = TRY(get_claim(claims, "aud"));
    if (value->is_string()) return std::vector<std::string>{std::string(value->get_string())};
    return get_texts(*value, "aud");
}

// A token without a session is a client's own, and then says so twice (RFC 9068 section 2.2).
Result<core::SessionId> get_session(const json::object& object, const core::AccessClaims& claims) {
    const core::SessionId own{claims.subject.bytes};
    if (!object.contains("sid")) {
        const auto client = core::ClientId::parse(claims.client_id);
        if (!client || client->bytes != claims.subject.bytes) return invalid_claim("sid", "is missing");
        return own;
    }
    auto session = TRY(get_id<core::SessionId>(object, "sid"));
    if (session == own) return invalid_claim("sid", "is that of the subject");
    return session;
}

Result<core::SlotRef> get_slot(const json::object& claims, std::string_view issuer) {
    const json::value* status = TRY(get_claim(claims, "status"));
    const json::object* outer = status->if_object();
    const json::value* list = outer != nullptr ? outer->if_contains("status_list") : nullptr;
    if (list == nullptr || !list->is_object()) return invalid_claim("status", "has no status_list");
    const json::object& reference = list->get_object();
    const std::int64_t index = TRY(get_whole(reference, "idx", std::numeric_limits<std::uint32_t>::max()));
    const std::string_view uri = TRY(get_text(reference, "uri"));
    const auto id = core::parse_status_list_uri(issuer, uri);
    constexpr std::size_t uuid_characters = 36;
    if (!id || !is_canonical_uuid(uri.substr(uri.size() - uuid_characters))) {
        return invalid_claim("status", "names no status list of this issuer");
    }
    return core::SlotRef{*id, static_cast<std::uint32_t>(index)};
}

Result<std::vector<std::string>> get_scopes(const json::value& value) {
    if (!value.is_string()) return invalid_claim("scope", "is not a text");
    return core::split_words(value.get_string());
}

std::string custom_claims_of(const json::object& object) {
    json::object custom(object.storage());
    for (const auto& member : object) {
        if (!core::is_reserved_claim(member.key())) custom.emplace(member.key(), member.value());
    }
    return custom.empty() ? std::string() : json::serialize(custom);
}

}  // namespace

Result<core::AccessClaims> read_access_claims(std::span<const std::uint8_t> payload, const json::storage_ptr& storage) {
    const json::value parsed = TRY(parse_claims(payload, storage));
    const json::object& object = parsed.get_object();
    core::AccessClaims claims;
    TRY(check_type(object, "access"));
    claims.issuer = TRY(get_text(object, "iss"));
    claims.audience = TRY(get_audience(object));
    claims.subject = TRY(get_id<core::AccountId>(object, "sub"));
    claims.client_id = TRY(get_text(object, "client_id"));
    claims.issued_at = TRY(get_time(object, "iat"));
    claims.expires_at = TRY(get_time(object, "exp"));
    claims.token_id = TRY(get_id<core::TokenId>(object, "jti"));
    claims.session_id = TRY(get_session(object, claims));
    claims.slot = TRY(get_slot(object, claims.issuer));
    if (object.contains("nbf")) claims.issued_at = std::max(claims.issued_at, TRY(get_time(object, "nbf")));
    if (const json::value* roles = object.if_contains("roles")) claims.roles = TRY(get_texts(*roles, "roles"));
    if (const json::value* scope = object.if_contains("scope")) claims.scopes = TRY(get_scopes(*scope));
    claims.custom = custom_claims_of(object);
    return claims;
}

}  // namespace postern::verify

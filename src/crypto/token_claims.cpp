#include "crypto/token_claims.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <limits>

#include "base/json.hpp"

namespace postern::crypto {
namespace {

namespace json = boost::json;

constexpr std::string_view access_type = "access";
constexpr std::string_view refresh_type = "refresh";
// The last second of the year 9999: in milliseconds it is far from the end of 64 bits.
constexpr std::int64_t latest_second = 253'402'300'799;

Error invalid_claim(std::string_view name, std::string_view what) {
    return unauthenticated("invalid_token", "The token's claim " + std::string(name) + " " + std::string(what));
}

Result<const json::value*> get(const json::object& claims, std::string_view name) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr) return invalid_claim(name, "is missing");
    return value;
}

Result<std::string> get_text(const json::object& claims, std::string_view name) {
    const json::value* value = TRY(get(claims, name));
    if (!value->is_string() || value->get_string().empty()) return invalid_claim(name, "is not a text");
    return std::string(value->get_string());
}

Result<std::int64_t> get_whole(const json::object& claims, std::string_view name, std::int64_t most) {
    const json::value* value = TRY(get(claims, name));
    const std::int64_t* number = value->if_int64();
    if (number == nullptr || *number < 0 || *number > most)
        return invalid_claim(name, "is not a whole number in range");
    return *number;
}

Result<Timestamp> get_time(const json::object& claims, std::string_view name) {
    return from_seconds(TRY(get_whole(claims, name, latest_second)));
}

// Lower case only: two spellings of one id would be two texts for whoever compares them.
template <typename Id>
Result<Id> get_id(const json::object& claims, std::string_view name) {
    const std::string text = TRY(get_text(claims, name));
    const auto id = Id::parse(text);
    if (!id || id->text() != text) return invalid_claim(name, "is not a UUID in canonical form");
    return *id;
}

Result<void> check_type(const json::object& claims, std::string_view wanted) {
    if (TRY(get_text(claims, "type")) != wanted) return invalid_claim("type", "is not " + std::string(wanted));
    return {};
}

Result<std::vector<std::string>> get_texts(const json::object& claims, std::string_view name) {
    const json::value* value = TRY(get(claims, name));
    if (!value->is_array()) return invalid_claim(name, "is no array of texts");
    std::vector<std::string> texts;
    for (const json::value& element : value->get_array()) {
        if (!element.is_string()) return invalid_claim(name, "holds something that is not a text");
        texts.emplace_back(element.get_string());
    }
    return texts;
}

// A token without a session is a client's own, and then says so twice (RFC 9068 section 2.2).
Result<core::SessionId> get_session(const json::object& object, const core::AccessClaims& claims) {
    const core::SessionId own{claims.subject.bytes};
    if (!object.contains("sid")) {
        if (claims.client_id != claims.subject.text()) return invalid_claim("sid", "is missing");
        return own;
    }
    auto session = TRY(get_id<core::SessionId>(object, "sid"));
    if (session == own) return invalid_claim("sid", "is that of the subject");
    return session;
}

// RFC 6749 section 3.3: words with one space between them.
std::string join_words(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

std::vector<std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const auto end = std::min(text.find(' '), text.size());
        if (end > 0) words.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return words;
}

// They were checked when they were set; a name that has become ours since gives way.
void add_custom_claims(json::object& object, std::string_view custom) {
    if (custom.empty()) return;
    const auto parsed = parse_json(custom);
    if (!parsed.has_value() || !parsed->is_object()) return;
    for (const auto& member : parsed->get_object()) {
        if (!core::is_reserved_claim(member.key())) object.emplace(member.key(), member.value());
    }
}

std::string custom_claims_of(const json::object& object) {
    json::object custom;
    for (const auto& member : object) {
        if (!core::is_reserved_claim(member.key())) custom.emplace(member.key(), member.value());
    }
    return custom.empty() ? std::string() : json::serialize(custom);
}

// One text or an array of texts (RFC 7519 section 4.1.3).
Result<std::vector<std::string>> get_audience(const json::object& claims) {
    const json::value* value = TRY(get(claims, "aud"));
    std::vector<std::string> audience;
    if (value->is_string()) {
        audience.emplace_back(value->get_string());
        return audience;
    }
    if (!value->is_array()) return invalid_claim("aud", "is neither a text nor an array of texts");
    for (const json::value& element : value->get_array()) {
        if (!element.is_string()) return invalid_claim("aud", "holds something that is not a text");
        audience.emplace_back(element.get_string());
    }
    return audience;
}

Result<core::SlotRef> get_slot(const json::object& claims, std::string_view issuer) {
    const json::value* status = TRY(get(claims, "status"));
    const json::object* outer = status->if_object();
    const json::value* list = outer != nullptr ? outer->if_contains("status_list") : nullptr;
    if (list == nullptr || !list->is_object()) return invalid_claim("status", "has no status_list");
    const json::object& reference = list->get_object();
    const std::int64_t index = TRY(get_whole(reference, "idx", std::numeric_limits<std::uint32_t>::max()));
    const auto id = core::parse_status_list_uri(issuer, TRY(get_text(reference, "uri")));
    if (!id) return invalid_claim("status", "names no status list of this issuer");
    return core::SlotRef{*id, static_cast<std::uint32_t>(index)};
}

Result<json::value> parse_payload(std::span<const std::uint8_t> payload) {
    auto parsed = parse_json({reinterpret_cast<const char*>(payload.data()), payload.size()});
    if (!parsed.has_value()) {
        return unauthenticated("invalid_token", "The token's claims are not valid JSON: " + parsed.error().message);
    }
    if (!parsed->is_object()) return unauthenticated("invalid_token", "The token's claims are no JSON object");
    return parsed;
}

std::string refresh_token_id(const core::RefreshClaims& claims) {
    return claims.session_id.text() + "." + std::to_string(claims.counter);
}

}  // namespace

std::string write_claims(const core::AccessClaims& claims) {
    const json::object list = {{"idx", claims.slot.index},
                               {"uri", core::status_list_uri(claims.issuer, claims.slot.list)}};
    json::object object = {{"iss", claims.issuer},
                           {"aud", json::array(claims.audience.begin(), claims.audience.end())},
                           {"sub", claims.subject.text()},
                           {"client_id", claims.client_id},
                           {"iat", to_seconds(claims.issued_at)},
                           {"exp", to_seconds(claims.expires_at)},
                           {"jti", claims.token_id.text()},
                           {"type", access_type},
                           {"status", {{"status_list", list}}}};
    if (!claims.is_clients_own()) object["sid"] = claims.session_id.text();
    if (!claims.roles.empty()) object["roles"] = json::array(claims.roles.begin(), claims.roles.end());
    if (!claims.scopes.empty()) object["scope"] = join_words(claims.scopes);
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
    const json::object object = {{"iss", claims.issuer},
                                 {"aud", claims.audience},
                                 {"sub", claims.subject.text()},
                                 {"iat", to_seconds(claims.issued_at)},
                                 {"exp", to_seconds(claims.expires_at)},
                                 {"jti", refresh_token_id(claims)},
                                 {"sid", claims.session_id.text()},
                                 {"ctr", claims.counter},
                                 {"type", refresh_type}};
    return json::serialize(object);
}

Result<core::AccessClaims> read_access_claims(std::span<const std::uint8_t> payload) {
    const json::value parsed = TRY(parse_payload(payload));
    const json::object& object = parsed.get_object();
    core::AccessClaims claims;
    TRY(check_type(object, access_type));
    claims.issuer = TRY(get_text(object, "iss"));
    claims.audience = TRY(get_audience(object));
    claims.subject = TRY(get_id<core::AccountId>(object, "sub"));
    claims.client_id = TRY(get_text(object, "client_id"));
    claims.issued_at = TRY(get_time(object, "iat"));
    claims.expires_at = TRY(get_time(object, "exp"));
    claims.token_id = TRY(get_id<core::TokenId>(object, "jti"));
    claims.session_id = TRY(get_session(object, claims));
    claims.slot = TRY(get_slot(object, claims.issuer));
    if (object.contains("roles")) claims.roles = TRY(get_texts(object, "roles"));
    if (object.contains("scope")) claims.scopes = split_words(TRY(get_text(object, "scope")));
    claims.custom = custom_claims_of(object);
    return claims;
}

Result<core::RefreshClaims> read_refresh_claims(std::span<const std::uint8_t> payload) {
    const json::value parsed = TRY(parse_payload(payload));
    const json::object& object = parsed.get_object();
    core::RefreshClaims claims;
    TRY(check_type(object, refresh_type));
    claims.issuer = TRY(get_text(object, "iss"));
    claims.audience = TRY(get_text(object, "aud"));
    claims.subject = TRY(get_id<core::AccountId>(object, "sub"));
    claims.issued_at = TRY(get_time(object, "iat"));
    claims.expires_at = TRY(get_time(object, "exp"));
    claims.session_id = TRY(get_id<core::SessionId>(object, "sid"));
    claims.counter = TRY(get_whole(object, "ctr", std::numeric_limits<std::int64_t>::max()));
    if (TRY(get_text(object, "jti")) != refresh_token_id(claims)) {
        return invalid_claim("jti", "does not belong to its session and counter");
    }
    return claims;
}

}  // namespace postern::crypto

#include "cli/origin.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.hpp"

namespace postern::cli {
namespace {

using core::ImportField;

constexpr std::array<std::string_view, 5> origin_words = {"postern", "table", "django", "gotrue", "keycloak"};

std::vector<FieldNames> own_names() {
    std::vector<FieldNames> names;
    for (std::size_t i = 0; i < core::export_field_count; ++i) {
        const auto field = static_cast<ImportField>(i);
        names.push_back({field, {core::word(field)}});
    }
    return names;
}

// What tables of users call their columns.
std::vector<FieldNames> table_names() {
    return {
        {ImportField::id, {"id", "uuid", "user_id"}},
        {ImportField::email, {"email", "email_address", "mail", "e_mail"}},
        {ImportField::password_hash,
         {"password_hash", "password", "hashed_password", "encrypted_password", "password_digest", "pw_hash", "passwd",
          "hash", "pw"}},
        {ImportField::kind, {"kind"}},
        {ImportField::roles, {"roles"}},
        {ImportField::display_name, {"display_name", "name", "full_name"}},
        {ImportField::first_name, {"first_name", "given_name"}},
        {ImportField::last_name, {"last_name", "family_name"}},
        {ImportField::locale, {"locale", "lang", "language"}},
        {ImportField::created_at,
         {"created_at", "created", "created_on", "registered_at", "registered_on", "date_joined"}},
        {ImportField::activated_at, {"activated_at"}},
        {ImportField::email_verified_at,
         {"email_verified_at", "email_confirmed_at", "confirmed_at", "verified_at", "confirmed_on"}},
        {ImportField::verified, {"email_verified", "email_confirmed", "confirmed", "verified", "is_verified"}},
        {ImportField::last_login_at, {"last_login_at", "last_login", "last_seen"}},
        {ImportField::disabled_at, {"disabled_at", "banned_at"}},
        {ImportField::active, {"active", "is_active", "enabled"}},
        {ImportField::disabled, {"disabled", "banned", "is_banned", "blocked"}},
        {ImportField::deleted_at, {"deleted_at"}},
    };
}

std::vector<FieldNames> django_names() {
    return {
        {ImportField::id, {"id", "uuid"}},
        {ImportField::email, {"email"}},
        {ImportField::password_hash, {"password"}},
        {ImportField::first_name, {"first_name"}},
        {ImportField::last_name, {"last_name"}},
        {ImportField::created_at, {"date_joined"}},
        {ImportField::last_login_at, {"last_login"}},
        {ImportField::active, {"is_active"}},
    };
}

std::vector<FieldNames> gotrue_names() {
    return {
        {ImportField::id, {"id"}},
        {ImportField::email, {"email"}},
        {ImportField::password_hash, {"encrypted_password"}},
        {ImportField::created_at, {"created_at"}},
        {ImportField::email_verified_at, {"email_confirmed_at", "confirmed_at"}},
        {ImportField::last_login_at, {"last_sign_in_at"}},
        {ImportField::banned_until, {"banned_until"}},
        {ImportField::deleted_at, {"deleted_at"}},
    };
}

std::vector<FieldNames> keycloak_names() {
    return {
        {ImportField::id, {"id"}},
        {ImportField::email, {"email"}},
        {ImportField::first_name, {"firstName"}},
        {ImportField::last_name, {"lastName"}},
        {ImportField::created_at, {"createdTimestamp"}},
        {ImportField::verified, {"emailVerified"}},
        {ImportField::active, {"enabled"}},
    };
}

bool has(std::span<const std::string> names, std::string_view wanted) {
    return std::ranges::find(names, wanted) != names.end();
}

}  // namespace

std::string_view word(Origin origin) {
    return origin_words.at(static_cast<std::size_t>(origin));
}

std::optional<Origin> parse_origin(std::string_view word) {
    const auto found = std::ranges::find(origin_words, word);
    if (found == origin_words.end()) return std::nullopt;
    return static_cast<Origin>(found - origin_words.begin());
}

const std::vector<FieldNames>& field_names(Origin origin) {
    static const std::array<std::vector<FieldNames>, origin_words.size()> all = {
        own_names(), table_names(), django_names(), gotrue_names(), keycloak_names()};
    return all.at(static_cast<std::size_t>(origin));
}

Origin guess_origin(std::span<const std::string> names) {
    if (has(names, "kind") && has(names, "password_hash") && has(names, "email_verified_at")) return Origin::postern;
    if (has(names, "encrypted_password") && (has(names, "aud") || has(names, "email_confirmed_at"))) {
        return Origin::gotrue;
    }
    if (has(names, "model") && has(names, "fields")) return Origin::django;
    if (has(names, "date_joined") && has(names, "is_superuser")) return Origin::django;
    if (has(names, "createdTimestamp") || (has(names, "emailVerified") && has(names, "username"))) {
        return Origin::keycloak;
    }
    return Origin::table;
}

const boost::json::object* columns_of(Origin origin, const boost::json::object& record) {
    if (origin != Origin::django || !record.contains("model")) return &record;
    // dumpdata holds other models too. Whatever has a password is a user, also where the project has a model of its
    // own.
    const auto* fields = record.if_contains("fields");
    if (fields == nullptr || !fields->is_object() || !fields->get_object().contains("password")) return nullptr;
    return &fields->get_object();
}

Result<std::string> text_of(std::string_view name, const boost::json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_null()) return std::string();
    if (!value.is_object() && !value.is_array()) return boost::json::serialize(value);
    std::string words;
    for (const auto& part : value.is_array() ? value.get_array() : boost::json::array{nullptr}) {
        if (!part.is_string()) {
            return invalid_input("invalid_value", std::string(name) + " is neither a text nor a list of texts");
        }
        if (!words.empty()) words += ' ';
        words += part.get_string();
    }
    return words;
}

}  // namespace postern::cli

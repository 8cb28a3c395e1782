#include <algorithm>
#include <boost/json/value.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "cli/origin.hpp"

namespace postern::cli {
namespace {

using boost::json::object;
using boost::json::value;

Error damaged(const std::string& what) {
    return invalid_input("invalid_hash", "The password credential of Keycloak " + what);
}

std::string text_in(const object& holder, std::string_view name) {
    const value* found = holder.if_contains(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

// A number, or digits in a text; 0 for anything else, which the importer refuses.
std::uint64_t number_of(const value& found) {
    if (found.is_int64()) return found.get_int64() < 0 ? 0 : static_cast<std::uint64_t>(found.get_int64());
    if (!found.is_string()) return 0;
    std::uint64_t number = 0;
    for (const char digit : found.get_string()) {
        if (digit < '0' || digit > '9' || number > 0xFFFFFFFFU) return 0;
        number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return number;
}

// secretData and credentialData are JSON texts inside the JSON.
Result<value> inner(const object& credential, std::string_view name) {
    const value* found = credential.if_contains(name);
    if (found == nullptr) return damaged("has no " + std::string(name));
    if (found->is_object()) return value(*found);
    auto parsed = parse_json(found->is_string() ? std::string_view(found->get_string()) : std::string_view());
    if (!parsed || !parsed->is_object()) return damaged("has a " + std::string(name) + " that is no JSON object");
    return std::move(*parsed);
}

// Standard base64, with or without its padding.
Result<std::vector<std::uint8_t>> decode(std::string text, const std::string& name) {
    while (text.ends_with('=')) text.pop_back();
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    auto bytes = decode_base64url(text);
    if (!bytes || bytes->empty()) return damaged("has a " + name + " that is no base64");
    return std::move(*bytes);
}

// Parameters are lists of one text each.
std::optional<value> parameter(const object& data, std::string_view name) {
    const value* all = data.if_contains("additionalParameters");
    const value* found = all != nullptr && all->is_object() ? all->get_object().if_contains(name) : nullptr;
    if (found == nullptr || !found->is_array()) return found == nullptr ? std::nullopt : std::optional(*found);
    if (found->get_array().empty()) return std::nullopt;
    return found->get_array().front();
}

std::string parameter_text(const object& data, std::string_view name, const std::string& otherwise) {
    const auto found = parameter(data, name);
    return found && found->is_string() ? std::string(found->get_string()) : otherwise;
}

std::uint64_t parameter_number(const object& data, std::string_view name, std::uint64_t otherwise) {
    const auto found = parameter(data, name);
    return found ? number_of(*found) : otherwise;
}

Result<std::string> read_password(const object& secret, const object& data, const core::HashImporter& hashes) {
    const std::string algorithm = text_in(data, "algorithm");
    const std::string stored = text_in(secret, "value");
    // Extensions for other schemes keep the whole text of the hash as the value.
    if (stored.starts_with('$')) return hashes.import_hash(stored);
    const auto hash = TRY(decode(stored, "value"));
    const auto salt = TRY(decode(text_in(secret, "salt"), "salt"));
    const value* iterations = data.if_contains("hashIterations");
    const std::uint64_t rounds = iterations == nullptr ? 0 : number_of(*iterations);
    if (algorithm == "argon2") {
        const std::string variant = parameter_text(data, "type", "id");
        const std::string version = parameter_text(data, "version", "1.3");
        return hashes.import_argon2({.variant = variant,
                                     .version = version,
                                     .memory_kib = parameter_number(data, "memory", 0),
                                     .iterations = rounds,
                                     .lanes = parameter_number(data, "parallelism", 1),
                                     .salt = salt,
                                     .hash = hash});
    }
    if (algorithm == "pbkdf2" || algorithm.starts_with("pbkdf2-")) {
        const std::string digest =
            algorithm == "pbkdf2" ? "sha1" : algorithm.substr(std::string_view("pbkdf2-").size());
        return hashes.import_pbkdf2({.digest = digest, .iterations = rounds, .salt = salt, .hash = hash});
    }
    return invalid_input("unknown_hash_scheme",
                         "The password is hashed with " + quote_for_message(algorithm) + ", which is not supported");
}

// The password among the credentials; nothing for a user without one.
const object* find_password(const object& user) {
    const value* credentials = user.if_contains("credentials");
    if (credentials == nullptr || !credentials->is_array()) return nullptr;
    for (const value& credential : credentials->get_array()) {
        if (credential.is_object() && text_in(credential.get_object(), "type") == "password") {
            return &credential.get_object();
        }
    }
    return nullptr;
}

}  // namespace

Result<void> read_keycloak_user(const object& user, const core::HashImporter& hashes, core::ImportedRecord& record) {
    const value* attributes = user.if_contains("attributes");
    if (attributes != nullptr && attributes->is_object()) {
        const value* locale = attributes->get_object().if_contains("locale");
        if (locale != nullptr) record[core::ImportField::locale] = TRY(text_of("attributes.locale", *locale));
    }
    const object* password = find_password(user);
    if (password == nullptr) return {};
    const value secret = TRY(inner(*password, "secretData"));
    const value data = TRY(inner(*password, "credentialData"));
    record[core::ImportField::password_hash] = TRY(read_password(secret.get_object(), data.get_object(), hashes));
    return {};
}

}  // namespace postern::cli

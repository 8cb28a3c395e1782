#include "crypto/token_inspector.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"
#include "verify/jwk.hpp"
#include "verify/jws.hpp"
#include "verify/signature.hpp"

namespace postern::crypto {
namespace {

namespace json = boost::json;
using Candidates = std::vector<const verify::Jwk*>;

// A step that passed says so in a sentence; one that failed is an error.
using Verdict = Result<std::string>;

Error rejected(std::string why) {
    return unauthenticated("invalid_token", std::move(why));
}

std::string_view as_text(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Notes the step; false when it failed.
bool note(core::Inspection& inspection, std::string_view name, const Verdict& verdict) {
    inspection.steps.push_back(
        {std::string(name), verdict.has_value(), verdict.has_value() ? *verdict : verdict.error().message});
    return verdict.has_value();
}

std::string_view without_line_end(std::string_view token) {
    if (token.ends_with('\n')) token.remove_suffix(1);
    return token;
}

Verdict check_form(std::string_view token, verify::JwsParts& parts) {
    // A foreign token may be larger than ours; past this it is no token.
    if (token.size() > limits::json_text_bytes) return rejected("The token is longer than 1 MiB");
    parts = TRY(verify::split_jws(token));
    return "a compact JWS of " + std::to_string(token.size()) + " bytes";
}

Verdict check_header(const verify::JwsParts& parts, verify::JwsHeader& header,
                     std::optional<verify::SignatureAlgorithm>& algorithm) {
    header = TRY(verify::read_jws_header(parts.header));
    algorithm = verify::parse_signature_algorithm(header.alg);
    if (!algorithm) {
        return rejected("The token's alg " + quote_for_message(header.alg) +
                        " is none of RS256, PS256, ES256, ES384, ES512, EdDSA");
    }
    return "alg " + std::string(header.alg) + (header.kid ? ", kid " + quote_for_message(*header.kid) : ", no kid");
}

// The keys with the token's kid; where there are none, those without a kid; for a token without one, all.
Candidates keys_for_kid(const verify::JwkSet& set, std::optional<std::string_view> kid) {
    Candidates named;
    Candidates unnamed;
    for (const verify::Jwk& key : set.keys) {
        if (!kid || (key.kid && *key.kid == *kid)) {
            named.push_back(&key);
        } else if (!key.kid) {
            unnamed.push_back(&key);
        }
    }
    return named.empty() ? unnamed : named;
}

Verdict choose_keys(const verify::JwkSet& set, const verify::JwsHeader& header, verify::SignatureAlgorithm algorithm,
                    Candidates& chosen) {
    const Candidates candidates = keys_for_kid(set, header.kid);
    for (const verify::Jwk* key : candidates) {
        if (key->allows(algorithm)) chosen.push_back(key);
    }
    if (!chosen.empty())
        return std::to_string(chosen.size()) + " key(s) of the set may be used with " + std::string(header.alg);
    std::string why = candidates.empty() && header.kid ? "No usable key of the set has the kid of the token"
                                                       : "No usable key of the set is for " + std::string(header.alg);
    constexpr std::size_t most_shown = 8;
    for (std::size_t i = 0; i < set.skipped.size() && i < most_shown; ++i) why += "; not usable: " + set.skipped[i];
    return rejected(why);
}

Verdict check_signature(const verify::JwsParts& parts, const Candidates& keys, verify::SignatureAlgorithm algorithm) {
    for (const verify::Jwk* key : keys) {
        const auto verifier = verify::SignatureVerifier::make(*key->key, algorithm);
        if (verifier.has_value() && verifier->verify(parts.signing_input, parts.signature)) {
            return "true under the key " + (key->kid ? quote_for_message(*key->kid) : "without a kid");
        }
    }
    return rejected("The signature is not true under " +
                    (keys.size() == 1 ? std::string("the key") : std::to_string(keys.size()) + " keys") +
                    " that it could have been made with");
}

// RFC 8725 section 3.11: `typ` may be left out; what is there must be a JWT of some kind.
Result<void> check_typ(std::optional<std::string_view> typ) {
    if (!typ) return {};
    const std::string kind = verify::normalise_typ(*typ);
    if (kind == "jwt" || kind.ends_with("+jwt")) return {};
    return rejected("The token's typ " + quote_for_message(*typ) + " is no kind of JWT");
}

Result<void> check_texts(const json::object& claims) {
    for (const std::string_view name : {"iss", "sub", "jti"}) {
        const json::value* value = claims.if_contains(name);
        if (value != nullptr && !value->is_string()) {
            return rejected("The claim " + std::string(name) + " is no text");
        }
    }
    const json::value* audience = claims.if_contains("aud");
    if (audience == nullptr || audience->is_string()) return {};
    bool texts = audience->is_array();
    if (texts) {
        for (const json::value& element : audience->get_array()) texts = texts && element.is_string();
    }
    if (!texts) return rejected("The claim aud is neither a text nor an array of texts");
    return {};
}

Verdict check_type(const verify::JwsParts& parts, const verify::JwsHeader& header, json::value& claims) {
    auto parsed = parse_json(as_text(parts.payload));
    if (!parsed.has_value()) return rejected("The payload is no set of claims: " + parsed.error().message);
    claims = std::move(parsed).take();
    if (!claims.is_object()) return rejected("The payload is no set of claims: it is JSON, but no object");
    TRY(check_typ(header.typ));
    TRY(check_texts(claims.get_object()));
    return header.typ ? "typ " + quote_for_message(*header.typ) : std::string("no typ");
}

// RFC 7519 section 2, NumericDate: seconds, a fraction allowed.
Result<std::optional<double>> find_date(const json::object& claims, std::string_view name) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr) return std::optional<double>();
    if (!value->is_number()) return rejected("The claim " + std::string(name) + " is no number");
    const auto seconds = value->to_number<double>();
    if (!std::isfinite(seconds) || seconds < 0) return rejected("The claim " + std::string(name) + " is no date");
    return std::optional<double>(seconds);
}

std::string seconds_text(double seconds) {
    return std::to_string(static_cast<long long>(std::llround(std::min(seconds, 1e15))));
}

Verdict check_time(const json::object& claims, Timestamp now_time) {
    constexpr double leeway = std::chrono::duration<double>(limits::clock_leeway).count();
    const double now = static_cast<double>(to_milliseconds(now_time)) / 1000.0;
    const auto expires = TRY(find_date(claims, "exp"));
    const auto not_before = TRY(find_date(claims, "nbf"));
    const auto issued = TRY(find_date(claims, "iat"));
    if (expires && now >= *expires) {
        return rejected("The token expired " + seconds_text(now - *expires) + " seconds ago, at " +
                        seconds_text(*expires));
    }
    if (not_before && *not_before > now + leeway) {
        return rejected("The token is not valid for another " + seconds_text(*not_before - now) + " seconds (nbf)");
    }
    if (issued && *issued > now + leeway) {
        return rejected("The token was issued " + seconds_text(*issued - now) + " seconds in the future (iat)");
    }
    return expires ? "expires in " + seconds_text(*expires - now) + " seconds" : std::string("has no exp");
}

void inspect_claims(core::Inspection& inspection, const verify::JwsParts& parts, const verify::JwsHeader& header,
                    Timestamp now) {
    json::value claims;
    if (!note(inspection, "type", check_type(parts, header, claims))) return;
    inspection.accepted = note(inspection, "time", check_time(claims.get_object(), now));
}

// What can be shown, before anything is believed.
void show(core::Inspection& inspection, const verify::JwsParts& parts) {
    if (const auto header = parse_json(as_text(parts.header)); header.has_value()) {
        inspection.header = json::serialize(*header);
    }
    if (const auto claims = parse_json(as_text(parts.payload)); claims.has_value()) {
        inspection.claims = json::serialize(*claims);
    }
}

}  // namespace

Result<core::Inspection> TokenInspector::inspect(std::string_view token, std::string_view jwks,
                                                 core::InspectionDepth depth, Timestamp now) const {
    const verify::JwkSet set = TRY(verify::parse_jwk_set(jwks));
    core::Inspection inspection;
    verify::JwsParts parts;
    verify::JwsHeader header;
    std::optional<verify::SignatureAlgorithm> algorithm;
    Candidates keys;
    if (!note(inspection, "form", check_form(without_line_end(token), parts))) return inspection;
    show(inspection, parts);
    if (!note(inspection, "header", check_header(parts, header, algorithm))) return inspection;
    if (!note(inspection, "key", choose_keys(set, header, *algorithm, keys))) return inspection;
    if (!note(inspection, "signature", check_signature(parts, keys, *algorithm))) return inspection;
    if (depth == core::InspectionDepth::signature) {
        inspection.accepted = true;
    } else {
        inspect_claims(inspection, parts, header, now);
    }
    return inspection;
}

}  // namespace postern::crypto

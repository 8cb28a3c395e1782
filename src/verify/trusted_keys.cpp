#include "verify/trusted_keys.hpp"

#include <boost/json/monotonic_resource.hpp>

#include "base/limits.hpp"
#include "verify/access_claims.hpp"
#include "verify/jwk.hpp"
#include "verify/jws.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;

// For the JSON of a token: one with ten claims of its own needs about 8 KiB. What does not fit is allocated.
constexpr std::size_t json_memory_bytes = 16 * 1024;

Error invalid_token(std::string message) {
    return unauthenticated("invalid_token", std::move(message));
}

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<SignatureAlgorithm> algorithm_of(const Jwk& jwk) {
    if (jwk.alg) {
        const auto algorithm = parse_signature_algorithm(*jwk.alg);
        return algorithm && jwk.allows(*algorithm) ? algorithm : std::nullopt;
    }
    switch (jwk.shape) {
        case KeyShape::p256: return SignatureAlgorithm::es256;
        case KeyShape::p384: return SignatureAlgorithm::es384;
        case KeyShape::p521: return SignatureAlgorithm::es512;
        case KeyShape::ed25519: return SignatureAlgorithm::eddsa;
        case KeyShape::rsa: break;
    }
    return std::nullopt;
}

std::optional<core::KeyPurpose> purpose_of(const Jwk& jwk) {
    if (jwk.purpose == "access") return core::KeyPurpose::access;
    if (jwk.purpose == "status_list") return core::KeyPurpose::status_list;
    return std::nullopt;
}

// RFC 8725: the key is ours, chosen by kid among the keys of one purpose; the algorithm is the key's.
template <typename Keys>
Result<const typename Keys::mapped_type*> check_signature(const Keys& keys, const JwsParts& parts,
                                                          const JwsHeader& header) {
    if (!header.kid) return invalid_token("The token's header has no kid");
    const auto found = keys.find(*header.kid);
    if (found == keys.end()) {
        return unauthenticated(std::string(core::unknown_key_code),
                               "The token is signed with a key that is not known here");
    }
    const SignatureVerifier& verifier = found->second.verifier;
    if (header.alg != word(verifier.algorithm())) return invalid_token("The token's alg is not that of its key");
    if (!verifier.verify(parts.signing_input, parts.signature)) {
        return invalid_token("The token's signature is not valid");
    }
    return &found->second;
}

}  // namespace

Result<TrustedKeys> TrustedKeys::parse(std::string_view jwks) {
    const JwkSet set = TRY(parse_jwk_set(jwks));
    TrustedKeys keys;
    for (const Jwk& jwk : set.keys) {
        const auto purpose = purpose_of(jwk);
        const auto algorithm = algorithm_of(jwk);
        if (!jwk.kid || !purpose || !algorithm) continue;
        TRY(keys.add(*purpose, *jwk.kid, *jwk.key, *algorithm));
    }
    return keys;
}

Result<void> TrustedKeys::add(core::KeyPurpose purpose, std::string kid, EVP_PKEY& key, SignatureAlgorithm algorithm,
                              std::optional<Timestamp> last_expiry) {
    Keys& keys = purpose == core::KeyPurpose::access ? access_ : status_list_;
    keys.emplace(std::move(kid), Key{TRY(SignatureVerifier::make(key, algorithm)), last_expiry});
    return {};
}

void TrustedKeys::remove(std::string_view kid) {
    for (Keys* keys : {&access_, &status_list_}) {
        if (const auto found = keys->find(kid); found != keys->end()) keys->erase(found);
    }
}

Result<core::AccessClaims> TrustedKeys::read_access_token(std::string_view token) const {
    return read_access(token, nullptr);
}

Result<core::AccessClaims> TrustedKeys::read_access_token(std::string_view token, std::string& payload) const {
    return read_access(token, &payload);
}

Result<core::AccessClaims> TrustedKeys::read_access(std::string_view token, std::string* payload) const {
    if (token.size() > limits::token_bytes) {
        return invalid_token("The token is longer than " + std::to_string(limits::token_bytes) + " bytes");
    }
    std::array<std::uint8_t, limits::token_bytes> decoded;     // NOLINT: filled before it is read
    std::array<unsigned char, json_memory_bytes> json_memory;  // NOLINT
    json::monotonic_resource memory(json_memory.data(), json_memory.size());
    const JwsParts parts = TRY(split_jws(token, decoded));
    const JwsHeader header = TRY(read_jws_header(parts.header, &memory));
    if (is_typ(header.typ, core::refresh_token_typ)) {
        return invalid_token("This is a refresh token; an access token is wanted");
    }
    if (!is_typ(header.typ, core::access_token_typ)) return invalid_token("The token's typ is not at+jwt");
    const Key* key = TRY(check_signature(access_, parts, header));
    auto claims = TRY(read_access_claims(parts.payload, &memory));
    if (key->last_expiry && claims.expires_at > *key->last_expiry + limits::clock_leeway) {
        return invalid_token("The token outlives the key that signed it");
    }
    if (payload != nullptr) *payload = text_of(parts.payload);
    return claims;
}

Result<StatusList> TrustedKeys::read_status_list(std::string_view token, std::string_view issuer, std::string_view uri,
                                                 Timestamp now) const {
    if (token.size() > limits::status_list_token_bytes) {
        return invalid_token("The status list token is longer than " + std::to_string(limits::status_list_token_bytes) +
                             " bytes");
    }
    const JwsParts parts = TRY(split_jws(token));
    const JwsHeader header = TRY(read_jws_header(parts.header));
    if (!is_typ(header.typ, core::status_list_typ)) return invalid_token("The token's typ is not statuslist+jwt");
    TRY(check_signature(status_list_, parts, header));
    return verify::read_status_list(parts.payload, issuer, uri, now);
}

}  // namespace postern::verify

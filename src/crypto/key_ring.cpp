#include "crypto/key_ring.hpp"

#include <sodium.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <map>
#include <optional>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "crypto/key_pair.hpp"
#include "crypto/key_vault.hpp"
#include "crypto/refresh_mac.hpp"
#include "crypto/signature_maker.hpp"
#include "crypto/token_claims.hpp"
#include "verify/jws.hpp"
#include "verify/signature.hpp"

namespace postern::crypto {
namespace {

constexpr std::string_view refresh_alg = "HS256";

Error invalid_token(std::string message) {
    return unauthenticated("invalid_token", std::move(message));
}

// The protected header of every token of a key is the same, so it is encoded once.
std::string encode_header(std::string_view alg, std::string_view typ, std::string_view kid) {
    return encode_base64url(boost::json::serialize(boost::json::object{{"alg", alg}, {"typ", typ}, {"kid", kid}}));
}

struct KeyLife {
    core::KeyState state = core::KeyState::active;
    Timestamp created_at;
    std::optional<Timestamp> expires_at;

    explicit KeyLife(const core::StoredKey& key)
        : state(key.state), created_at(key.created_at), expires_at(key.expires_at) {}
};

struct AccessKey {
    KeyLife life;
    std::string header;
    SignatureMaker maker;
    verify::SignatureVerifier verifier;

    [[nodiscard]] std::string_view alg() const { return word(verifier.algorithm()); }
    [[nodiscard]] bool verify(const verify::JwsParts& parts) const {
        return verifier.verify(parts.signing_input, parts.signature);
    }
};

struct RefreshKey {
    KeyLife life;
    std::string header;
    RefreshMac mac;

    [[nodiscard]] static std::string_view alg() { return refresh_alg; }
    [[nodiscard]] bool verify(const verify::JwsParts& parts) const {
        return mac.verify(parts.signing_input, parts.signature);
    }
};

struct AuditKey {
    KeyLife life;
    SignatureMaker maker;
    verify::SignatureVerifier verifier;
};

struct DerivationKey {
    KeyLife life;
    SecretBytes secret;
};

template <typename Key>
using KeysByKid = std::map<std::string, Key, std::less<>>;

// The kid of the newest active key; empty when there is none.
template <typename Key>
std::string newest_active(const KeysByKid<Key>& keys) {
    std::string kid;
    std::optional<Timestamp> newest;
    for (const auto& [candidate, key] : keys) {
        if (key.life.state != core::KeyState::active || (newest && key.life.created_at < *newest)) continue;
        kid = candidate;
        newest = key.life.created_at;
    }
    return kid;
}

struct SignedToken {
    verify::JwsParts parts;
    verify::JwsHeader header;
};

Result<SignedToken> open_token(std::string_view token) {
    if (token.size() > limits::token_bytes) {
        return invalid_token("The token is longer than " + std::to_string(limits::token_bytes) + " bytes");
    }
    SignedToken opened;
    opened.parts = TRY(verify::split_jws(token));
    opened.header = TRY(verify::read_jws_header(opened.parts.header));
    return opened;
}

// RFC 8725: the key is ours, chosen by kid among the keys of one purpose; the algorithm is the key's.
template <typename Key>
Result<const Key*> check_signature(const KeysByKid<Key>& keys, const SignedToken& token) {
    if (!token.header.kid) return invalid_token("The token's header has no kid");
    const auto found = keys.find(*token.header.kid);
    if (found == keys.end()) return invalid_token("The token is signed with a key that is not known here");
    const Key& key = found->second;
    if (token.header.alg != key.alg()) return invalid_token("The token's alg is not that of its key");
    if (!key.verify(token.parts)) return invalid_token("The token's signature is not valid");
    return &key;
}

// A retired key is kept until the last token that it made has expired; whatever claims to live longer was not made by
// it while it was active.
Result<void> check_lifetime(const KeyLife& life, Timestamp token_expires_at) {
    if (life.state == core::KeyState::retired && life.expires_at &&
        token_expires_at > *life.expires_at + limits::clock_leeway) {
        return invalid_token("The token outlives the key that signed it");
    }
    return {};
}

std::string compact(std::string signing_input, std::span<const std::uint8_t> signature) {
    return std::move(signing_input) + "." + encode_base64url(signature);
}

// Whether others are told of the public half. Status list keys join here once lists are served.
bool is_published(const core::StoredKey& key) {
    return key.purpose == core::KeyPurpose::access && key.state != core::KeyState::revoked;
}

// The private half of a key whose kid says what its public half is.
Result<verify::EvpKey> decode_pair(const core::StoredKey& stored, const SecretBytes& secret,
                                   verify::SignatureAlgorithm algorithm) {
    verify::EvpKey pair = TRY(decode_private_key(secret, algorithm));
    // The public half that we publish is the private one's, not what a changed row says.
    if (TRY(make_thumbprint(*pair, shape_of(algorithm))) != stored.kid) {
        return internal_error("The " + std::string(word(stored.purpose)) + " key " + stored.kid +
                              " is not the one that its kid names");
    }
    return pair;
}

void append_jwk(std::string& list, std::string_view jwk) {
    if (!list.empty()) list += ",";
    list += jwk;
}

std::string jwk_set(const std::string& list) {
    return "{\"keys\":[" + list + "]}";
}

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string describe(const std::vector<core::StoredKey>& keys) {
    std::vector<std::string> lines;
    for (const auto& key : keys) {
        lines.push_back(std::string(word(key.purpose)) + " " + key.kid + " " + std::string(word(key.state)) + " " +
                        (key.expires_at ? std::to_string(to_milliseconds(*key.expires_at)) : "") + "\n");
    }
    std::ranges::sort(lines);
    std::string text;
    for (const auto& line : lines) text += line;
    return text;
}

}  // namespace

struct KeyRing::Snapshot {
    KeysByKid<AccessKey> access;
    KeysByKid<RefreshKey> refresh;
    KeysByKid<AuditKey> audit;
    KeysByKid<DerivationKey> derivation;
    std::string access_kid;
    std::string refresh_kid;
    std::string audit_kid;
    std::string derivation_kid;
    std::shared_ptr<const std::string> jwks = std::make_shared<const std::string>(jwk_set(""));
    std::string audit_jwks = jwk_set("");
    std::string description;  // what a change of generation is measured by
    std::uint64_t generation = 0;

    Result<void> add(const core::StoredKey& stored, SecretBytes secret);
    Result<void> add_access_key(const core::StoredKey& stored, const SecretBytes& secret);
    Result<void> add_refresh_key(const core::StoredKey& stored, SecretBytes secret);
    Result<void> add_audit_key(const core::StoredKey& stored, const SecretBytes& secret);
    Result<void> add_derivation_key(const core::StoredKey& stored, SecretBytes secret);
    void settle();

    // JWKs of the two sets while they are put together.
    std::string published;
    std::string published_audit;
};

Result<void> KeyRing::Snapshot::add(const core::StoredKey& stored, SecretBytes secret) {
    switch (stored.purpose) {
        case core::KeyPurpose::access: return add_access_key(stored, secret);
        case core::KeyPurpose::refresh: return add_refresh_key(stored, std::move(secret));
        case core::KeyPurpose::audit: return add_audit_key(stored, secret);
        case core::KeyPurpose::derivation: return add_derivation_key(stored, std::move(secret));
        case core::KeyPurpose::status_list: break;
    }
    return {};
}

Result<void> KeyRing::Snapshot::add_access_key(const core::StoredKey& stored, const SecretBytes& secret) {
    const auto algorithm = signature_algorithm(stored.algorithm);
    if (!algorithm) return internal_error("The access key " + stored.kid + " has no algorithm for access tokens");
    const verify::EvpKey pair = TRY(decode_pair(stored, secret, *algorithm));
    if (is_published(stored)) append_jwk(published, TRY(write_public_jwk(*pair, *algorithm, stored.kid)));
    AccessKey key{KeyLife(stored), encode_header(word(*algorithm), core::access_token_typ, stored.kid),
                  TRY(SignatureMaker::make(*pair, *algorithm)),
                  TRY(verify::SignatureVerifier::make(*pair, *algorithm))};
    access.emplace(stored.kid, std::move(key));
    return {};
}

Result<void> KeyRing::Snapshot::add_refresh_key(const core::StoredKey& stored, SecretBytes secret) {
    if (stored.algorithm != core::KeyAlgorithm::hs256) {
        return internal_error("The refresh key " + stored.kid + " has no algorithm for refresh tokens");
    }
    RefreshKey key{KeyLife(stored), encode_header(refresh_alg, core::refresh_token_typ, stored.kid),
                   TRY(RefreshMac::make(std::move(secret)))};
    refresh.emplace(stored.kid, std::move(key));
    return {};
}

Result<void> KeyRing::Snapshot::add_audit_key(const core::StoredKey& stored, const SecretBytes& secret) {
    if (stored.algorithm != core::KeyAlgorithm::eddsa) {
        return internal_error("The audit key " + stored.kid + " has no algorithm for the audit chain");
    }
    const verify::EvpKey pair = TRY(decode_pair(stored, secret, verify::SignatureAlgorithm::eddsa));
    append_jwk(published_audit, TRY(write_public_jwk(*pair, verify::SignatureAlgorithm::eddsa, stored.kid)));
    audit.emplace(stored.kid,
                  AuditKey{KeyLife(stored), TRY(SignatureMaker::make(*pair, verify::SignatureAlgorithm::eddsa)),
                           TRY(verify::SignatureVerifier::make(*pair, verify::SignatureAlgorithm::eddsa))});
    return {};
}

Result<void> KeyRing::Snapshot::add_derivation_key(const core::StoredKey& stored, SecretBytes secret) {
    if (stored.algorithm != core::KeyAlgorithm::hs256 || secret.size() != crypto_auth_hmacsha256_KEYBYTES) {
        return internal_error("The derivation key " + stored.kid + " is no key of HMAC-SHA-256");
    }
    derivation.emplace(stored.kid, DerivationKey{KeyLife(stored), std::move(secret)});
    return {};
}

void KeyRing::Snapshot::settle() {
    access_kid = newest_active(access);
    refresh_kid = newest_active(refresh);
    audit_kid = newest_active(audit);
    derivation_kid = newest_active(derivation);
    jwks = std::make_shared<const std::string>(jwk_set(published));
    audit_jwks = jwk_set(published_audit);
}

KeyRing::KeyRing(const MasterKeys& master_keys)
    : master_keys_(master_keys), snapshot_(std::make_shared<const Snapshot>()) {}

KeyRing::~KeyRing() = default;

Result<void> KeyRing::load(const std::vector<core::StoredKey>& keys) {
    auto ordered = keys;
    std::ranges::sort(ordered, {}, [](const core::StoredKey& key) { return std::pair(key.created_at, key.kid); });
    auto next = std::make_shared<Snapshot>();
    for (const auto& key : ordered) {
        if (key.state == core::KeyState::revoked || key.purpose == core::KeyPurpose::status_list) continue;
        auto secret = TRY(open_key(master_keys_, key));
        TRY(next->add(key, std::move(secret)));
    }
    next->settle();
    next->description = describe(keys);

    const std::lock_guard lock(mutex_);
    next->generation = snapshot_->generation + (next->description == snapshot_->description ? 0 : 1);
    snapshot_ = std::move(next);
    return {};
}

std::shared_ptr<const KeyRing::Snapshot> KeyRing::snapshot() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
}

Result<std::string> KeyRing::access_kid() const {
    const auto keys = snapshot();
    if (keys->access_kid.empty()) return unavailable("There is no active key for access tokens");
    return keys->access_kid;
}

Result<std::string> KeyRing::sign(const core::AccessClaims& claims, std::string_view kid) const {
    const auto keys = snapshot();
    const auto found = keys->access.find(kid);
    if (found == keys->access.end()) return unavailable("The key for this access token has just been withdrawn");
    const AccessKey& key = found->second;
    std::string input = key.header + "." + encode_base64url(write_claims(claims));
    const auto signature = TRY(key.maker.sign(input));
    return compact(std::move(input), signature);
}

Result<std::string> KeyRing::sign(const core::RefreshClaims& claims) const {
    const auto keys = snapshot();
    const auto found = keys->refresh.find(keys->refresh_kid);
    if (found == keys->refresh.end()) return unavailable("There is no active key for refresh tokens");
    const RefreshKey& key = found->second;
    std::string input = key.header + "." + encode_base64url(write_claims(claims));
    const auto mac = key.mac.sign(input);
    return compact(std::move(input), mac);
}

Result<core::AccessClaims> KeyRing::read_access(std::string_view token) const {
    const auto keys = snapshot();
    const SignedToken opened = TRY(open_token(token));
    if (verify::is_typ(opened.header.typ, core::refresh_token_typ)) {
        return invalid_token("This is a refresh token; an access token is wanted");
    }
    if (!verify::is_typ(opened.header.typ, core::access_token_typ))
        return invalid_token("The token's typ is not at+jwt");
    const AccessKey* key = TRY(check_signature(keys->access, opened));
    auto claims = TRY(read_access_claims(opened.parts.payload));
    TRY(check_lifetime(key->life, claims.expires_at));
    return claims;
}

Result<core::RefreshClaims> KeyRing::read_refresh(std::string_view token) const {
    const auto keys = snapshot();
    const SignedToken opened = TRY(open_token(token));
    if (verify::is_typ(opened.header.typ, core::access_token_typ)) {
        return invalid_token("This is an access token; a refresh token is wanted");
    }
    if (!verify::is_typ(opened.header.typ, core::refresh_token_typ)) {
        return invalid_token("The token is no refresh token of this server");
    }
    const RefreshKey* key = TRY(check_signature(keys->refresh, opened));
    auto claims = TRY(read_refresh_claims(opened.parts.payload));
    TRY(check_lifetime(key->life, claims.expires_at));
    return claims;
}

std::uint64_t KeyRing::generation() const noexcept {
    return snapshot()->generation;
}

std::shared_ptr<const std::string> KeyRing::jwks() const {
    return snapshot()->jwks;
}

Result<SecretBytes> KeyRing::derive(std::string_view context, std::span<const std::uint8_t> data) const {
    const auto keys = snapshot();
    const auto found = keys->derivation.find(keys->derivation_kid);
    if (found == keys->derivation.end()) return unavailable("There is no active key to derive secrets from");
    SecretBytes secret(crypto_auth_hmacsha256_BYTES);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, found->second.secret.data(), found->second.secret.size());
    const std::uint8_t separator = 0;
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const std::uint8_t*>(context.data()), context.size());
    crypto_auth_hmacsha256_update(&state, &separator, 1);
    crypto_auth_hmacsha256_update(&state, data.data(), data.size());
    crypto_auth_hmacsha256_final(&state, secret.data());
    wipe(&state, sizeof(state));
    return secret;
}

Result<core::AuditSignature> KeyRing::sign_audit(std::span<const std::uint8_t> text) const {
    const auto keys = snapshot();
    const auto found = keys->audit.find(keys->audit_kid);
    if (found == keys->audit.end()) return unavailable("There is no active key for the audit chain");
    return core::AuditSignature{keys->audit_kid, TRY(found->second.maker.sign(text_of(text)))};
}

bool KeyRing::verify_audit(std::span<const std::uint8_t> text, const core::AuditSignature& signature) const {
    const auto keys = snapshot();
    const auto found = keys->audit.find(signature.kid);
    return found != keys->audit.end() && found->second.verifier.verify(text_of(text), signature.bytes);
}

std::string KeyRing::audit_jwks() const {
    return snapshot()->audit_jwks;
}

}  // namespace postern::crypto

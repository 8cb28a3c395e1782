#include "crypto/key_ring.hpp"

#include <sodium.h>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "crypto/loaded_keys.hpp"
#include "crypto/token_claims.hpp"
#include "verify/jws.hpp"

namespace postern::crypto {
namespace {

Error invalid_token(std::string message) {
    return unauthenticated("invalid_token", std::move(message));
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

// As verify::TrustedKeys does it for signatures.
Result<const RefreshKey*> check_mac(const KeysByKid<RefreshKey>& keys, const SignedToken& token) {
    if (!token.header.kid) return invalid_token("The token's header has no kid");
    const auto found = keys.find(*token.header.kid);
    if (found == keys.end()) {
        return unauthenticated(std::string(core::unknown_key_code),
                               "The token is signed with a key that is not known here");
    }
    const RefreshKey& key = found->second;
    if (token.header.alg != RefreshKey::alg()) return invalid_token("The token's alg is not that of its key");
    if (!key.mac.verify(token.parts.signing_input, token.parts.signature)) {
        return invalid_token("The token's signature is not valid");
    }
    return &key;
}

std::string compact(std::string signing_input, std::span<const std::uint8_t> signature) {
    return std::move(signing_input) + "." + encode_base64url(signature);
}

std::string_view text_of(std::span<const std::uint8_t> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Errors: internal, when the machine cannot.
Result<std::string> sign_with(const SigningKey& key, const std::string& payload) {
    std::string input = key.header + "." + encode_base64url(payload);
    const auto signature = TRY(key.maker.sign(input));
    return compact(std::move(input), signature);
}

}  // namespace

KeyRing::KeyRing(const MasterKeys& master_keys)
    : master_keys_(master_keys), keys_(std::make_shared<const LoadedKeys>()) {}

KeyRing::~KeyRing() = default;

Result<void> KeyRing::load(const std::vector<core::StoredKey>& keys) {
    if (LoadedKeys::describe(keys) == current()->description) return {};
    auto opened = LoadedKeys::open(master_keys_, keys);
    if (!opened.has_value()) {
        if (auto left = current()->without_revoked(keys)) replace_by(std::move(*left));
        return std::move(opened.error());
    }
    replace_by(std::move(opened).take());
    return {};
}

void KeyRing::replace_by(LoadedKeys keys) {
    auto loaded = std::make_shared<LoadedKeys>(std::move(keys));
    const std::lock_guard lock(mutex_);
    loaded->generation = keys_->generation + 1;
    keys_ = std::move(loaded);
}

std::shared_ptr<const LoadedKeys> KeyRing::current() const {
    const std::lock_guard lock(mutex_);
    return keys_;
}

Result<std::string> KeyRing::access_kid() const {
    const auto keys = current();
    if (keys->access_kid.empty()) return unavailable("There is no active key for access tokens");
    return keys->access_kid;
}

Result<std::string> KeyRing::sign(const core::AccessClaims& claims, std::string_view kid) const {
    const auto keys = current();
    const auto found = keys->access.find(kid);
    if (found == keys->access.end() || !found->second.life.may_sign()) {
        return unavailable("The key for this access token has just been withdrawn");
    }
    return sign_with(found->second, write_claims(claims));
}

Result<std::string> KeyRing::sign(const core::StatusListClaims& claims) const {
    const auto keys = current();
    const auto found = keys->status_list.find(keys->status_list_kid);
    if (found == keys->status_list.end()) return unavailable("There is no active key for status lists");
    return sign_with(found->second, write_claims(claims));
}

Result<std::string> KeyRing::sign(const core::RefreshClaims& claims) const {
    const auto keys = current();
    const auto found = keys->refresh.find(keys->refresh_kid);
    if (found == keys->refresh.end()) return unavailable("There is no active key for refresh tokens");
    const RefreshKey& key = found->second;
    std::string input = key.header + "." + encode_base64url(write_claims(claims));
    const auto mac = key.mac.sign(input);
    return compact(std::move(input), mac);
}

Result<core::AccessClaims> KeyRing::read_access(std::string_view token) const {
    return current()->trusted.read_access_token(token);
}

Result<core::RefreshClaims> KeyRing::read_refresh(std::string_view token) const {
    const auto keys = current();
    const SignedToken opened = TRY(open_token(token));
    if (verify::is_typ(opened.header.typ, core::access_token_typ)) {
        return invalid_token("This is an access token; a refresh token is wanted");
    }
    if (!verify::is_typ(opened.header.typ, core::refresh_token_typ)) {
        return invalid_token("The token is no refresh token of this server");
    }
    const RefreshKey* key = TRY(check_mac(keys->refresh, opened));
    auto claims = TRY(read_refresh_claims(opened.parts.payload));
    // A retired key is kept until the last token that it made has expired; whatever claims to live longer was not made
    // by it while it was active.
    if (key->life.state == core::KeyState::retired && key->life.expires_at &&
        claims.expires_at > *key->life.expires_at + limits::clock_leeway) {
        return invalid_token("The token outlives the key that signed it");
    }
    return claims;
}

std::uint64_t KeyRing::generation() const noexcept {
    return current()->generation;
}

std::shared_ptr<const std::string> KeyRing::jwks() const {
    return current()->jwks;
}

Result<SecretBytes> KeyRing::derive(std::string_view context, std::span<const std::uint8_t> data) const {
    const auto keys = current();
    const auto found = keys->derivation.find(keys->derivation_kid);
    if (found == keys->derivation.end()) return unavailable("There is no active key to derive secrets from");
    SecretBytes secret(crypto_auth_hmacsha256_BYTES);
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, found->second.secret->data(), found->second.secret->size());
    const std::uint8_t separator = 0;
    crypto_auth_hmacsha256_update(&state, reinterpret_cast<const std::uint8_t*>(context.data()), context.size());
    crypto_auth_hmacsha256_update(&state, &separator, 1);
    crypto_auth_hmacsha256_update(&state, data.data(), data.size());
    crypto_auth_hmacsha256_final(&state, secret.data());
    wipe(&state, sizeof(state));
    return secret;
}

Result<core::AuditSignature> KeyRing::sign_audit(std::span<const std::uint8_t> text) const {
    const auto keys = current();
    const auto found = keys->audit.find(keys->audit_kid);
    if (found == keys->audit.end()) return unavailable("There is no active key for the audit chain");
    return core::AuditSignature{keys->audit_kid, TRY(found->second.maker.sign(text_of(text)))};
}

bool KeyRing::verify_audit(std::span<const std::uint8_t> text, const core::AuditSignature& signature) const {
    const auto keys = current();
    const auto found = keys->audit.find(signature.kid);
    return found != keys->audit.end() && found->second.verifier.verify(text_of(text), signature.bytes);
}

std::string KeyRing::audit_jwks() const {
    return current()->audit_jwks;
}

}  // namespace postern::crypto

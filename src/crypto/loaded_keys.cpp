#include "crypto/loaded_keys.hpp"

#include <sodium.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "core/claims.hpp"
#include "crypto/key_pair.hpp"
#include "crypto/key_vault.hpp"

namespace postern::crypto {
namespace {

// The protected header of every token of a key is the same, so it is encoded once.
std::string encode_header(std::string_view alg, std::string_view typ, std::string_view kid) {
    return encode_base64url(boost::json::serialize(boost::json::object{{"alg", alg}, {"typ", typ}, {"kid", kid}}));
}

// The private half of a key whose kid says what its public half is.
Result<verify::EvpKey> decode_pair(const core::StoredKey& stored, const KeyBytes& secret,
                                   verify::SignatureAlgorithm algorithm) {
    verify::EvpKey pair = TRY(decode_private_key(secret, algorithm));
    // The public half that we publish is the private one's, not what a changed row says.
    if (TRY(make_thumbprint(*pair, shape_of(algorithm))) != stored.kid) {
        return internal_error("The " + std::string(word(stored.purpose)) + " key " + stored.kid +
                              " is not the one that its kid names");
    }
    return pair;
}

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

// RFC 7517 section 5; oldest first.
template <typename... Key>
std::string jwk_set(const KeysByKid<Key>&... keys) {
    std::map<std::pair<Timestamp, std::string_view>, std::string_view> ordered;
    const auto add = [&ordered](const auto& some) {
        for (const auto& [kid, key] : some)
            ordered.emplace(std::pair(key.life.created_at, std::string_view(kid)), key.jwk);
    };
    (add(keys), ...);
    std::string list;
    for (const auto& [place, jwk] : ordered) list.append(list.empty() ? "" : ",").append(jwk);
    return "{\"keys\":[" + list + "]}";
}

}  // namespace

LoadedKeys::LoadedKeys() {
    settle();
}

std::string LoadedKeys::describe(const std::vector<core::StoredKey>& keys) {
    std::vector<std::string> lines;
    for (const auto& key : keys) {
        lines.push_back(std::string(word(key.purpose)) + " " + key.kid + " " + std::string(word(key.state)) + " " +
                        key.master_key_id + " " +
                        (key.expires_at ? std::to_string(to_milliseconds(*key.expires_at)) : "") + "\n");
    }
    std::ranges::sort(lines);
    std::string text;
    for (const auto& line : lines) text += line;
    return text;
}

Result<LoadedKeys> LoadedKeys::open(const MasterKeys& master_keys, const std::vector<core::StoredKey>& keys) {
    LoadedKeys loaded;
    for (const auto& key : keys) {
        if (key.state == core::KeyState::revoked) continue;
        auto secret = TRY(open_key(master_keys, key));
        TRY(loaded.add(key, std::move(secret)));
    }
    loaded.settle();
    loaded.description = describe(keys);
    return loaded;
}

std::optional<LoadedKeys> LoadedKeys::without_revoked(const std::vector<core::StoredKey>& keys) const {
    LoadedKeys left = *this;
    std::size_t dropped = 0;
    for (const auto& key : keys) {
        if (key.state != core::KeyState::revoked) continue;
        dropped += left.access.erase(key.kid) + left.status_list.erase(key.kid) + left.refresh.erase(key.kid) +
                   left.audit.erase(key.kid) + left.derivation.erase(key.kid);
        left.trusted.remove(key.kid);
    }
    if (dropped == 0) return std::nullopt;
    left.settle();
    return left;
}

Result<void> LoadedKeys::add(const core::StoredKey& stored, KeyBytes secret) {
    switch (stored.purpose) {
        case core::KeyPurpose::access: return add_signing_key(stored, secret, access, core::access_token_typ);
        case core::KeyPurpose::status_list: return add_signing_key(stored, secret, status_list, core::status_list_typ);
        case core::KeyPurpose::refresh: return add_refresh_key(stored, std::move(secret));
        case core::KeyPurpose::audit: return add_audit_key(stored, secret);
        case core::KeyPurpose::derivation: return add_derivation_key(stored, std::move(secret));
    }
    return {};
}

Result<void> LoadedKeys::add_signing_key(const core::StoredKey& stored, const KeyBytes& secret,
                                         KeysByKid<SigningKey>& keys, std::string_view typ) {
    const auto algorithm = signature_algorithm(stored.algorithm);
    if (!algorithm) {
        return internal_error("The " + std::string(word(stored.purpose)) + " key " + stored.kid +
                              " has no algorithm for signatures");
    }
    const verify::EvpKey pair = TRY(decode_pair(stored, secret, *algorithm));
    keys.emplace(stored.kid, SigningKey{KeyLife(stored), encode_header(word(*algorithm), typ, stored.kid),
                                        TRY(SignatureMaker::make(*pair, *algorithm)),
                                        TRY(write_public_jwk(*pair, *algorithm, stored.kid, word(stored.purpose)))});
    // A retired key is kept until the last token that it made has expired.
    return trusted.add(stored.purpose, stored.kid, *pair, *algorithm,
                       stored.state == core::KeyState::retired ? stored.expires_at : std::nullopt);
}

Result<void> LoadedKeys::add_refresh_key(const core::StoredKey& stored, KeyBytes secret) {
    if (stored.algorithm != core::KeyAlgorithm::hs256) {
        return internal_error("The refresh key " + stored.kid + " has no algorithm for refresh tokens");
    }
    refresh.emplace(stored.kid,
                    RefreshKey{KeyLife(stored), encode_header(RefreshKey::alg(), core::refresh_token_typ, stored.kid),
                               TRY(RefreshMac::make(std::move(secret)))});
    return {};
}

Result<void> LoadedKeys::add_audit_key(const core::StoredKey& stored, const KeyBytes& secret) {
    if (stored.algorithm != core::KeyAlgorithm::eddsa) {
        return internal_error("The audit key " + stored.kid + " has no algorithm for the audit chain");
    }
    const verify::EvpKey pair = TRY(decode_pair(stored, secret, verify::SignatureAlgorithm::eddsa));
    audit.emplace(stored.kid,
                  AuditKey{KeyLife(stored), TRY(SignatureMaker::make(*pair, verify::SignatureAlgorithm::eddsa)),
                           TRY(verify::SignatureVerifier::make(*pair, verify::SignatureAlgorithm::eddsa)),
                           TRY(write_public_jwk(*pair, verify::SignatureAlgorithm::eddsa, stored.kid))});
    return {};
}

Result<void> LoadedKeys::add_derivation_key(const core::StoredKey& stored, KeyBytes secret) {
    if (stored.algorithm != core::KeyAlgorithm::hs256 || secret.size() != crypto_auth_hmacsha256_KEYBYTES) {
        return internal_error("The derivation key " + stored.kid + " is no key of HMAC-SHA-256");
    }
    derivation.emplace(stored.kid, DerivationKey{KeyLife(stored), std::make_shared<const KeyBytes>(std::move(secret))});
    return {};
}

void LoadedKeys::settle() {
    access_kid = newest_active(access);
    status_list_kid = newest_active(status_list);
    refresh_kid = newest_active(refresh);
    audit_kid = newest_active(audit);
    derivation_kid = newest_active(derivation);
    jwks = std::make_shared<const std::string>(jwk_set(access, status_list));
    audit_jwks = jwk_set(audit);
}

}  // namespace postern::crypto

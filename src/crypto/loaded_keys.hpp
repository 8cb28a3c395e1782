// The keys of a store, opened: those of each purpose apart, looked up by kid, with what they are good for in their
// state. Immutable once made, so any number of threads may use it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/records.hpp"
#include "crypto/key_memory.hpp"
#include "crypto/master_key.hpp"
#include "crypto/refresh_mac.hpp"
#include "crypto/signature_maker.hpp"
#include "verify/signature.hpp"
#include "verify/trusted_keys.hpp"

namespace postern::crypto {

struct KeyLife {
    core::KeyState state = core::KeyState::active;
    Timestamp created_at;
    std::optional<Timestamp> expires_at;

    explicit KeyLife(const core::StoredKey& key)
        : state(key.state), created_at(key.created_at), expires_at(key.expires_at) {}

    // A retired key finishes what it began while it was active; one that waits has begun nothing.
    [[nodiscard]] bool may_sign() const { return state == core::KeyState::active || state == core::KeyState::retired; }
};

// Of access tokens and of status lists.
struct SigningKey {
    KeyLife life;
    std::string header;  // the protected header of everything it signs, encoded
    SignatureMaker maker;
    std::string jwk;
};

struct RefreshKey {
    KeyLife life;
    std::string header;
    RefreshMac mac;

    [[nodiscard]] static std::string_view alg() { return "HS256"; }
};

struct AuditKey {
    KeyLife life;
    SignatureMaker maker;
    verify::SignatureVerifier verifier;
    std::string jwk;
};

struct DerivationKey {
    KeyLife life;
    std::shared_ptr<const KeyBytes> secret;
};

template <typename Key>
using KeysByKid = std::map<std::string, Key, std::less<>>;

struct LoadedKeys {
    KeysByKid<SigningKey> access;
    KeysByKid<SigningKey> status_list;
    KeysByKid<RefreshKey> refresh;
    KeysByKid<AuditKey> audit;
    KeysByKid<DerivationKey> derivation;
    // Of access tokens and of status lists. A key that waits is believed already: another node may have activated it a
    // moment before this one learns of it.
    verify::TrustedKeys trusted;
    // The active key of each purpose, the newest one where there are several; empty where there is none.
    std::string access_kid;
    std::string status_list_kid;
    std::string refresh_kid;
    std::string audit_kid;
    std::string derivation_kid;
    std::shared_ptr<const std::string> jwks;
    std::string audit_jwks;
    std::string description;  // what describe() said of them
    std::uint64_t generation = 0;

    LoadedKeys();
    // Revoked keys are left out. Errors: as MasterKeys::open; internal, for a key that was damaged.
    static Result<LoadedKeys> open(const MasterKeys& master_keys, const std::vector<core::StoredKey>& keys);

    // These without what `keys` call revoked: for when `keys` cannot be opened. Nothing, when that changes nothing.
    [[nodiscard]] std::optional<LoadedKeys> without_revoked(const std::vector<core::StoredKey>& keys) const;

    // What of the keys matters here, whatever their order; when it is the same, so is everything above.
    static std::string describe(const std::vector<core::StoredKey>& keys);

private:
    Result<void> add(const core::StoredKey& stored, KeyBytes secret);
    Result<void> add_signing_key(const core::StoredKey& stored, const KeyBytes& secret, KeysByKid<SigningKey>& keys,
                                 std::string_view typ);
    Result<void> add_refresh_key(const core::StoredKey& stored, KeyBytes secret);
    Result<void> add_audit_key(const core::StoredKey& stored, const KeyBytes& secret);
    Result<void> add_derivation_key(const core::StoredKey& stored, KeyBytes secret);
    void settle();
};

}  // namespace postern::crypto

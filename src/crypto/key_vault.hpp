// Makes signing keys, and seals their private halves under the master key.
#pragma once

#include "core/keys.hpp"
#include "crypto/key_memory.hpp"
#include "crypto/master_key.hpp"
#include "verify/signature_algorithm.hpp"

namespace postern::crypto {

// Immutable, so any number of threads may use it. `master_keys` must outlive it.
class KeyVault final : public core::KeyVault {
public:
    explicit KeyVault(const MasterKeys& master_keys) : master_keys_(master_keys) {}

    // HS256 for refresh and derivation keys, and for them alone; EdDSA for audit keys; access and status list keys take
    // any but HS256.
    // The kid of a public key is its RFC 7638 thumbprint. That of a secret one is random: it travels in tokens,
    // and a hash of the secret there would be something to test guesses against, for no gain.
    // Errors: invalid_input "key_algorithm_unfit"; internal.
    Result<core::StoredKey> make_key(core::KeyPurpose purpose, core::KeyAlgorithm algorithm,
                                     Timestamp now) const override;
    Result<core::StoredKey> rewrap(const core::StoredKey& key) const override;
    [[nodiscard]] std::string check_value() const override { return master_keys_.current_id(); }
    [[nodiscard]] bool fits(std::string_view check) const override { return master_keys_.has(check); }

private:
    const MasterKeys& master_keys_;
};

// The private half: PKCS #8, or the 32 bytes of an HS256 key. Errors: as MasterKeys::open.
Result<KeyBytes> open_key(const MasterKeys& master_keys, const core::StoredKey& key);

// Nothing for HS256, which makes no signature that anyone else can verify.
std::optional<verify::SignatureAlgorithm> signature_algorithm(core::KeyAlgorithm algorithm);

}  // namespace postern::crypto

#include "crypto/key_vault.hpp"

#include <array>

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "crypto/key_pair.hpp"
#include "crypto/refresh_mac.hpp"

namespace postern::crypto {
namespace {

// What a sealed key is bound to: it cannot be put in the place of another one, or serve another purpose.
std::string sealing_context(const core::StoredKey& key) {
    return "postern signing key\n" + std::string(word(key.purpose)) + "\n" + std::string(word(key.algorithm)) + "\n" +
           key.kid;
}

bool fits_purpose(core::KeyPurpose purpose, core::KeyAlgorithm algorithm) {
    switch (purpose) {
        case core::KeyPurpose::access:
        case core::KeyPurpose::status_list: return algorithm != core::KeyAlgorithm::hs256;
        case core::KeyPurpose::refresh:
        case core::KeyPurpose::derivation: return algorithm == core::KeyAlgorithm::hs256;
        case core::KeyPurpose::audit: return algorithm == core::KeyAlgorithm::eddsa;
    }
    return false;
}

// One base64url text in sixty-four: whoever types it after a command is told of an option that is not known.
bool reads_as_option(std::string_view kid) {
    return kid.starts_with('-');
}

std::string random_kid() {
    std::array<std::uint8_t, 16> bytes{};
    std::string kid;
    do {
        fill_random(bytes);
        kid = encode_base64url(bytes);
    } while (reads_as_option(kid));
    return kid;
}

struct NamedPair {
    verify::EvpKey pair;
    std::string kid;
};

Result<NamedPair> make_named_pair(verify::SignatureAlgorithm algorithm) {
    NamedPair made;
    do {
        made.pair = TRY(generate_key_pair(algorithm));
        made.kid = TRY(make_thumbprint(*made.pair, shape_of(algorithm)));
    } while (reads_as_option(made.kid));
    return made;
}

}  // namespace

std::optional<verify::SignatureAlgorithm> signature_algorithm(core::KeyAlgorithm algorithm) {
    switch (algorithm) {
        case core::KeyAlgorithm::es256: return verify::SignatureAlgorithm::es256;
        case core::KeyAlgorithm::eddsa: return verify::SignatureAlgorithm::eddsa;
        case core::KeyAlgorithm::rs256: return verify::SignatureAlgorithm::rs256;
        case core::KeyAlgorithm::hs256: return std::nullopt;
    }
    return std::nullopt;
}

Result<core::StoredKey> KeyVault::make_key(core::KeyPurpose purpose, core::KeyAlgorithm algorithm,
                                           Timestamp now) const {
    core::StoredKey key;
    key.purpose = purpose;
    key.algorithm = algorithm;
    key.created_at = now;
    key.master_key_id = master_keys_.current_id();
    if (!fits_purpose(purpose, algorithm)) {
        return invalid_input("key_algorithm_unfit", std::string(word(algorithm)) + " is not for keys of the purpose " +
                                                        std::string(word(purpose)));
    }
    KeyBytes secret(RefreshMac::secret_bytes);
    if (const auto signs_with = signature_algorithm(algorithm)) {
        const auto [pair, kid] = TRY(make_named_pair(*signs_with));
        key.kid = kid;
        key.public_jwk = TRY(write_public_jwk(*pair, *signs_with, key.kid));
        secret = TRY(encode_private_key(*pair));
    } else {
        key.kid = random_kid();
        fill_random(secret);
    }
    key.sealed = master_keys_.seal(secret, sealing_context(key));
    return key;
}

Result<core::StoredKey> KeyVault::rewrap(const core::StoredKey& key) const {
    const KeyBytes secret = TRY(open_key(master_keys_, key));
    core::StoredKey rewrapped = key;
    if (key.master_key_id == master_keys_.current_id()) return rewrapped;
    rewrapped.master_key_id = master_keys_.current_id();
    rewrapped.sealed = master_keys_.seal(secret, sealing_context(key));
    return rewrapped;
}

Result<KeyBytes> open_key(const MasterKeys& master_keys, const core::StoredKey& key) {
    return master_keys.open(key.master_key_id, key.sealed, sealing_context(key));
}

}  // namespace postern::crypto

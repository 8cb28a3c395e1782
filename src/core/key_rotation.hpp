// The life of a signing key, and what moves it on.
//
//            made             publish_ahead is over         the next one takes over     expires_at is over
//   (none) --------> next --------------------------> active -------------------> retired ----------------> (swept)
//                  verifies                    signs, verifies                   verifies                      |
//                      |                              |                              |                         |
//                      +------- revoke_key() ---------+------------------------------+-----> revoked ----------+
//
// Every step takes one row first (the master key's check value), so that of two nodes that do the same at once the
// second finds it done. At most one key of a purpose waits, and one is active; only revoke_key() and `at_once` skip the
// wait. Keys of the audit chain and of derived secrets have no age: checkpoints and mailed links are to be good for as
// long as they say.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "core/claims.hpp"
#include "core/diagnosis.hpp"
#include "core/keys.hpp"

namespace postern::core {

inline constexpr std::array<KeyPurpose, 3> rotating_purposes = {KeyPurpose::access, KeyPurpose::refresh,
                                                                KeyPurpose::status_list};
bool rotates(KeyPurpose purpose);

struct RotationPolicy {
    Milliseconds rotate_after{};   // from a key's making to that of the one that takes over, and its wait
    Milliseconds publish_ahead{};  // how long a key waits
    Milliseconds access_token_life{};
    Milliseconds refresh_token_life{};  // the longest that a session may go on
    KeyAlgorithm access_algorithm = KeyAlgorithm::es256;
};

// How long what a key signs in its last moment may be relied on.
Milliseconds signature_life(KeyPurpose purpose, const RotationPolicy& policy);

// Whether rotate_due_keys() would change anything; from what was read before, so that an idle node writes nothing.
bool is_rotation_due(const std::vector<StoredKey>& keys, const RotationPolicy& policy, Timestamp now);

// Makes what is due wait, and what has waited active. Returns the keys that it changed, as they are now.
Result<std::vector<StoredKey>> rotate_due_keys(Transaction& transaction, const KeyVault& vault,
                                               const RotationPolicy& policy, const Actor& actor, Timestamp now);

// Before its time, for one purpose or for all that rotate. `at_once`: the new key, or the one that waits, signs from
// now on, though whoever keeps the published keys may not know it yet. A purpose whose next key waits is left alone
// otherwise. Returns the keys that it changed. Errors: conflict "rotation_waits", when there is nothing to do;
// invalid_input "key_does_not_rotate".
Result<std::vector<StoredKey>> request_rotation(Transaction& transaction, const KeyVault& vault,
                                                const RotationPolicy& policy, std::optional<KeyPurpose> purpose,
                                                bool at_once, const Actor& actor, Timestamp now);

// For a key that may be in strange hands: nothing that it signed is believed any more, and its lists say so. Another
// key of the purpose takes over at once where it was active. Sessions live on when an access key goes; when a refresh
// key does, its tokens go with it. Returns the keys that it changed, the revoked one first. Errors: not_found
// "key_unknown"; conflict "key_revoked_already"; invalid_input "key_not_revocable", "reason_missing",
// "reason_too_long".
Result<std::vector<StoredKey>> revoke_key(Transaction& transaction, const KeyVault& vault, const RotationPolicy& policy,
                                          std::string_view kid, std::string_view reason, const Actor& actor,
                                          Timestamp now);

// When the active key of that purpose is to be replaced; nothing when there is none.
std::optional<Timestamp> find_rotation_time(const std::vector<StoredKey>& keys, KeyPurpose purpose,
                                            const RotationPolicy& policy);

// One finding for each purpose, and what is wrong with it while there is time to do something.
std::vector<Finding> diagnose_keys(const std::vector<StoredKey>& keys, const RotationPolicy& policy, Timestamp now);

}  // namespace postern::core

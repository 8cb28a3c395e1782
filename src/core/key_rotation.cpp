#include "core/key_rotation.hpp"

#include <algorithm>
#include <string>

#include "base/limits.hpp"
#include "base/time_text.hpp"

namespace postern::core {
namespace {

// The newest key of a purpose in a state; nullptr when there is none.
template <typename Keys>
auto* newest(Keys& keys, KeyPurpose purpose, KeyState state) {
    decltype(keys.data()) found = nullptr;
    for (auto& key : keys) {
        if (key.purpose != purpose || key.state != state) continue;
        if (found == nullptr || key.created_at > found->created_at) found = &key;
    }
    return found;
}

KeyAlgorithm algorithm_of(KeyPurpose purpose, const RotationPolicy& policy) {
    if (purpose == KeyPurpose::access) return policy.access_algorithm;
    return purpose == KeyPurpose::refresh ? KeyAlgorithm::hs256 : KeyAlgorithm::es256;
}

enum class Step { none, begin, activate };

Step due_step(const std::vector<StoredKey>& keys, KeyPurpose purpose, const RotationPolicy& policy, Timestamp now) {
    const StoredKey* active = newest(keys, purpose, KeyState::active);
    if (active == nullptr) return Step::activate;
    if (const StoredKey* next = newest(keys, purpose, KeyState::next)) {
        return next->created_at + policy.publish_ahead <= now ? Step::activate : Step::none;
    }
    return active->created_at + (policy.rotate_after - policy.publish_ahead) <= now ? Step::begin : Step::none;
}

// One turn of the wheel, within one transaction.
class Rotation {
public:
    Rotation(Transaction& transaction, const KeyVault& vault, const RotationPolicy& policy, const Actor& actor,
             Timestamp now)
        : transaction_(transaction), vault_(vault), policy_(policy), actor_(actor), now_(now) {}

    // Writing the check value back makes whoever does the same at once wait here, and then read what was done.
    Result<void> take() {
        TRY(load_keys(transaction_, vault_));
        const auto check = TRY(transaction_.find_setting(master_key_check_setting));
        TRY(transaction_.set_setting(master_key_check_setting, check.value_or("")));
        keys_ = TRY(transaction_.list_keys());
        return {};
    }

    [[nodiscard]] std::vector<StoredKey>& keys() { return keys_; }
    [[nodiscard]] std::vector<StoredKey> take_changed() { return std::move(changed_); }

    Result<void> begin(KeyPurpose purpose) {
        StoredKey key = TRY(make(purpose));
        key.state = KeyState::next;
        TRY(transaction_.insert_key(key));
        TRY(note("keys.rotation_begun", key));
        changed_.push_back(std::move(key));
        return {};
    }

    // The key that waits, or a new one, takes over.
    Result<void> activate(KeyPurpose purpose) {
        if (const StoredKey* waiting = newest(keys_, purpose, KeyState::next)) {
            StoredKey key = *waiting;
            key.state = KeyState::active;
            TRY(retire_active(purpose));
            TRY(transaction_.update_key(key));
            return finish(std::move(key));
        }
        StoredKey key = TRY(make(purpose));
        TRY(retire_active(purpose));
        TRY(transaction_.insert_key(key));
        return finish(std::move(key));
    }

    Result<void> revoke(StoredKey& key, std::string_view reason) {
        key.state = KeyState::revoked;
        key.revoked_at = now_;
        key.expires_at = end_of_signatures(key.purpose);
        TRY(transaction_.update_key(key));
        TRY(record(transaction_, "key.revoked", actor_,
                   {.account = std::nullopt, .detail = name(key) + ": " + std::string(reason)}, "success", now_));
        changed_.push_back(key);
        return {};
    }

private:
    static std::string name(const StoredKey& key) { return std::string(word(key.purpose)) + " " + key.kid; }

    [[nodiscard]] Timestamp end_of_signatures(KeyPurpose purpose) const {
        return now_ + signature_life(purpose, policy_) + limits::key_retirement_margin;
    }

    Result<StoredKey> make(KeyPurpose purpose) {
        return vault_.make_key(purpose, algorithm_of(purpose, policy_), now_);
    }

    Result<void> retire_active(KeyPurpose purpose) {
        for (StoredKey& key : keys_) {
            if (key.purpose != purpose || key.state != KeyState::active) continue;
            key.state = KeyState::retired;
            key.expires_at = end_of_signatures(purpose);
            TRY(transaction_.update_key(key));
            changed_.push_back(key);
        }
        return {};
    }

    Result<void> finish(StoredKey key) {
        TRY(note("keys.rotated", key));
        changed_.push_back(std::move(key));
        return {};
    }

    Result<void> note(std::string_view event, const StoredKey& key) {
        return record(transaction_, event, actor_, {.account = std::nullopt, .detail = name(key)}, "success", now_);
    }

    Transaction& transaction_;
    const KeyVault& vault_;
    const RotationPolicy& policy_;
    const Actor& actor_;
    const Timestamp now_;
    std::vector<StoredKey> keys_;
    std::vector<StoredKey> changed_;
};

std::string what_signs(KeyPurpose purpose) {
    switch (purpose) {
        case KeyPurpose::access: return "Access tokens are";
        case KeyPurpose::refresh: return "Refresh tokens are";
        case KeyPurpose::status_list: return "Status lists are";
        case KeyPurpose::audit: return "The audit trail is";
        case KeyPurpose::derivation: return "Mailed links are";
    }
    return "";
}

std::string verb_of(KeyPurpose purpose) {
    return purpose == KeyPurpose::derivation ? "derived" : "signed";
}

Finding diagnose_purpose(const std::vector<StoredKey>& keys, KeyPurpose purpose, const RotationPolicy& policy,
                         Timestamp now) {
    const std::string named(word(purpose));
    const std::string subject = what_signs(purpose) + " " + verb_of(purpose) + " with ";
    const StoredKey* active = newest(keys, purpose, KeyState::active);
    if (active == nullptr) {
        const bool was_revoked = newest(keys, purpose, KeyState::revoked) != nullptr;
        return {Severity::problem, "keys",
                was_revoked ? "The " + named + " key was revoked and none has taken its place"
                            : "There is no active " + named + " key",
                rotates(purpose) ? "Run: postern key rotate --now --purpose " + named
                                 : "Restart the server, which makes it"};
    }
    if (!rotates(purpose)) return {Severity::ok, "keys", subject + active->kid + ", which does not rotate", ""};
    const Timestamp due = *find_rotation_time(keys, purpose, policy);
    if (now > due + limits::key_rotation_grace) {
        return {Severity::warning, "keys",
                "The " + named + " key " + active->kid + " should have been replaced on " + write_time(due),
                "See that a server runs, and what it logs as keys_not_rotated; by hand: postern key rotate"};
    }
    return {Severity::ok, "keys", subject + active->kid + ", to be replaced on " + write_time(due), ""};
}

}  // namespace

bool rotates(KeyPurpose purpose) {
    return std::ranges::find(rotating_purposes, purpose) != rotating_purposes.end();
}

Milliseconds signature_life(KeyPurpose purpose, const RotationPolicy& policy) {
    switch (purpose) {
        case KeyPurpose::access: return policy.access_token_life;
        case KeyPurpose::refresh: return policy.refresh_token_life;
        case KeyPurpose::status_list: return limits::status_list_life;
        case KeyPurpose::audit:
        case KeyPurpose::derivation: break;  // for as long as the store lives; neither retires
    }
    return {};
}

bool is_rotation_due(const std::vector<StoredKey>& keys, const RotationPolicy& policy, Timestamp now) {
    if (keys.empty()) return false;
    return std::ranges::any_of(rotating_purposes,
                               [&](KeyPurpose purpose) { return due_step(keys, purpose, policy, now) != Step::none; });
}

Result<std::vector<StoredKey>> rotate_due_keys(Transaction& transaction, const KeyVault& vault,
                                               const RotationPolicy& policy, const Actor& actor, Timestamp now) {
    Rotation rotation(transaction, vault, policy, actor, now);
    TRY(rotation.take());
    for (const KeyPurpose purpose : rotating_purposes) {
        switch (due_step(rotation.keys(), purpose, policy, now)) {
            case Step::none: break;
            case Step::begin: TRY(rotation.begin(purpose)); break;
            case Step::activate: TRY(rotation.activate(purpose)); break;
        }
    }
    return rotation.take_changed();
}

Result<std::vector<StoredKey>> request_rotation(Transaction& transaction, const KeyVault& vault,
                                                const RotationPolicy& policy, std::optional<KeyPurpose> purpose,
                                                bool at_once, const Actor& actor, Timestamp now) {
    if (purpose && !rotates(*purpose)) {
        return invalid_input("key_does_not_rotate", "Keys of the purpose " + std::string(word(*purpose)) +
                                                        " do not rotate: what they signed must stay good");
    }
    Rotation rotation(transaction, vault, policy, actor, now);
    TRY(rotation.take());
    std::optional<Timestamp> waits_until;
    for (const KeyPurpose candidate : rotating_purposes) {
        if (purpose && candidate != *purpose) continue;
        const StoredKey* waiting = newest(rotation.keys(), candidate, KeyState::next);
        if (at_once) {
            TRY(rotation.activate(candidate));
        } else if (waiting != nullptr) {
            waits_until = waiting->created_at + policy.publish_ahead;
        } else {
            TRY(rotation.begin(candidate));
        }
    }
    auto changed = rotation.take_changed();
    if (changed.empty() && waits_until) {
        return conflict("rotation_waits", "A new key is published already and will sign from " +
                                              write_time(*waits_until) + " on; nothing was changed");
    }
    return changed;
}

Result<std::vector<StoredKey>> revoke_key(Transaction& transaction, const KeyVault& vault, const RotationPolicy& policy,
                                          std::string_view kid, std::string_view reason, const Actor& actor,
                                          Timestamp now) {
    if (reason.empty()) return invalid_input("reason_missing", "Say why, for the audit trail");
    if (reason.size() > limits::revocation_reason_bytes) {
        return invalid_input("reason_too_long",
                             "The reason is longer than " + std::to_string(limits::revocation_reason_bytes) + " bytes");
    }
    Rotation rotation(transaction, vault, policy, actor, now);
    TRY(rotation.take());
    const auto found = std::ranges::find(rotation.keys(), kid, &StoredKey::kid);
    if (found == rotation.keys().end()) {
        return not_found("key_unknown", "There is no such signing key; see: postern key list");
    }
    const KeyPurpose purpose = found->purpose;
    if (purpose == KeyPurpose::audit) {
        return invalid_input("key_not_revocable",
                             "An audit key cannot be revoked: the checkpoints that it signed would prove nothing any "
                             "more. Export the trail, keep the export apart, and begin a new store");
    }
    if (purpose == KeyPurpose::derivation) {
        return invalid_input("key_not_revocable",
                             "A derivation key cannot be revoked: every mailed link and device cookie stands on it. "
                             "Links end by themselves; see docs/keys.md");
    }
    if (found->state == KeyState::revoked) {
        return conflict("key_revoked_already", "That key was revoked already; nothing was changed");
    }
    const bool was_active = found->state == KeyState::active;
    TRY(rotation.revoke(*found, reason));
    if (was_active) TRY(rotation.activate(purpose));
    return rotation.take_changed();
}

std::optional<Timestamp> find_rotation_time(const std::vector<StoredKey>& keys, KeyPurpose purpose,
                                            const RotationPolicy& policy) {
    if (!rotates(purpose)) return std::nullopt;
    const StoredKey* active = newest(keys, purpose, KeyState::active);
    if (active == nullptr) return std::nullopt;
    if (const StoredKey* next = newest(keys, purpose, KeyState::next)) return next->created_at + policy.publish_ahead;
    return active->created_at + policy.rotate_after;
}

std::vector<Finding> diagnose_keys(const std::vector<StoredKey>& keys, const RotationPolicy& policy, Timestamp now) {
    std::vector<Finding> findings;
    for (const KeyPurpose purpose : {KeyPurpose::access, KeyPurpose::refresh, KeyPurpose::status_list,
                                     KeyPurpose::audit, KeyPurpose::derivation}) {
        findings.push_back(diagnose_purpose(keys, purpose, policy, now));
    }
    return findings;
}

}  // namespace postern::core

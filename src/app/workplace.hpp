// One configuration and what it leads to: the master key, the store, the signing keys. What `postern serve` and the
// commands share.
#pragma once

#include <memory>
#include <optional>

#include "app/configuration.hpp"
#include "cli/workplace.hpp"
#include "crypto/argon2_hasher.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/key_vault.hpp"
#include "crypto/master_key.hpp"

namespace postern::app {

class LocalWorkplace final : public cli::Workplace {
public:
    enum class Purpose {
        command,  // opens, works and leaves
        serving,  // the store follows the feed and sweeps
    };
    // `clock` must outlive this.
    LocalWorkplace(Configuration configuration, const Environment& environment, Purpose purpose, const Clock& clock);

    void make_what_is_missing() override { makes_missing_ = true; }
    Result<core::Store*> store() override;
    Result<const core::KeyVault*> vault() override;
    Result<const core::Signer*> signer() override;
    Result<const core::SecretDeriver*> secrets() override;
    Result<const core::AuditSigner*> audit_signer() override;
    Result<const core::Hasher*> hasher() override { return &hasher_; }

    [[nodiscard]] const core::TokenPolicy& token_policy() const override { return token_policy_; }
    [[nodiscard]] core::KeyAlgorithm access_algorithm() const override { return rotation_policy_.access_algorithm; }
    [[nodiscard]] const core::RotationPolicy& rotation_policy() const override { return rotation_policy_; }
    [[nodiscard]] const core::AccountPolicy& account_policy() const override { return account_policy_; }
    [[nodiscard]] const core::ThrottlePolicy& throttle_policy() const override { return throttle_policy_; }
    [[nodiscard]] Milliseconds audit_retention() const override { return configuration_.audit_retention; }
    [[nodiscard]] std::string master_key_place() const override;

    // The ring behind signer(), to load again when the store's keys change.
    Result<crypto::KeyRing*> key_ring();
    // What serving needs and the store lacks: on SQLite, the keys of a store that has none; on both engines, those of
    // the purposes that the version which made the store did not know.
    Result<void> make_missing_keys();
    [[nodiscard]] const Configuration& configuration() const { return configuration_; }

private:
    Result<void> open_store();
    Result<crypto::MasterKey> current_master_key();
    Result<std::optional<crypto::MasterKey>> previous_master_key();
    Result<std::vector<core::StoredKey>> keys_of_store();

    const Configuration configuration_;
    const std::optional<SecretString> master_key_text_;
    const std::optional<SecretString> previous_master_key_text_;
    const Purpose purpose_;
    const Clock& clock_;
    const core::TokenPolicy token_policy_;
    const core::AccountPolicy account_policy_;
    const core::ThrottlePolicy throttle_policy_;
    const core::RotationPolicy rotation_policy_;
    const crypto::Argon2Hasher hasher_;
    bool makes_missing_ = false;

    std::unique_ptr<crypto::MasterKeys> master_keys_;
    std::unique_ptr<crypto::KeyVault> vault_;
    std::unique_ptr<crypto::KeyRing> ring_;
    std::unique_ptr<core::Store> store_;  // dies first: its threads may still use the ring
};

core::TokenPolicy token_policy_of(const Configuration& configuration);
core::RotationPolicy rotation_policy_of(const Configuration& configuration);
core::ThrottlePolicy throttle_policy_of(const Configuration& configuration);
core::AccountPolicy account_policy_of(const Configuration& configuration);

}  // namespace postern::app

// The keys that sign our tokens and those that verify them, as core's Signer; the keys of the audit chain, as its
// AuditSigner; and those that secrets are derived from, as its SecretDeriver.
//
// Thread-safe. Readers work on an immutable snapshot, which load() replaces as a whole, so a change of keys never shows
// by halves. The keys of each purpose are kept apart and are looked up by purpose and kid: no token can make one stand
// in for the other, and an audit or derivation key is nothing to any token.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "core/records.hpp"
#include "core/secrets.hpp"
#include "core/signer.hpp"
#include "crypto/master_key.hpp"

namespace postern::crypto {

struct LoadedKeys;

class KeyRing final : public core::Signer, public core::SecretDeriver, public core::AuditSigner {
public:
    // Empty until load(). `master_keys` must outlive it.
    explicit KeyRing(const MasterKeys& master_keys);
    ~KeyRing() override;
    KeyRing(const KeyRing&) = delete;
    KeyRing& operator=(const KeyRing&) = delete;

    // Takes the keys of the store in place of all before. On an error the ring stays as it was, but for what the store
    // calls revoked: that is gone in any case.
    // Errors: conflict "master_key_wrong"; internal, for a key that was damaged.
    Result<void> load(const std::vector<core::StoredKey>& keys);

    Result<std::string> access_kid() const override;
    // A retired key still signs what was prepared for it while it was active.
    Result<std::string> sign(const core::AccessClaims& claims, std::string_view kid) const override;
    Result<std::string> sign(const core::RefreshClaims& claims) const override;
    Result<std::string> sign(const core::StatusListClaims& claims) const override;

    // Tokens longer than limits::token_bytes are refused unread.
    Result<core::AccessClaims> read_access(std::string_view token) const override;
    Result<core::RefreshClaims> read_refresh(std::string_view token) const override;

    [[nodiscard]] std::uint64_t generation() const noexcept override;
    // Keys of access tokens and of status lists, next, active and retired, oldest first; each with kid, use, alg and
    // postern_purpose.
    [[nodiscard]] std::shared_ptr<const std::string> jwks() const override;

    Result<SecretBytes> derive(std::string_view context, std::span<const std::uint8_t> data) const override;

    Result<core::AuditSignature> sign_audit(std::span<const std::uint8_t> text) const override;
    // Retired keys go on verifying; a signature of a revoked one proves nothing.
    [[nodiscard]] bool verify_audit(std::span<const std::uint8_t> text,
                                    const core::AuditSignature& signature) const override;
    [[nodiscard]] std::string audit_jwks() const override;

private:
    [[nodiscard]] std::shared_ptr<const LoadedKeys> current() const;
    void replace_by(LoadedKeys keys);

    const MasterKeys& master_keys_;
    mutable std::mutex
        mutex_;  // guards the pointer; std::atomic<std::shared_ptr> of GCC 12 is a lock that TSan rejects
    std::shared_ptr<const LoadedKeys> keys_;
};

}  // namespace postern::crypto

// The ports for secrets that are derived instead of stored, and for signing the audit chain. Implemented by src/crypto
// on keys of the key ring. Thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace postern::core {

class SecretDeriver {
public:
    virtual ~SecretDeriver() = default;
    // HMAC-SHA-256 under the active derivation key, of `context`, a zero byte and `data`: 32 bytes that nobody else can
    // make, and that need not be kept. `context` names the use, so that one use's secret is nothing to another.
    // Errors: unavailable, when there is no key.
    virtual Result<SecretBytes> derive(std::string_view context, std::span<const std::uint8_t> data) const = 0;
};

struct AuditSignature {
    std::string kid;
    std::vector<std::uint8_t> bytes;  // Ed25519 (RFC 8032)
};

class AuditVerifier {
public:
    virtual ~AuditVerifier() = default;
    // False for a key that is not known, too.
    [[nodiscard]] virtual bool verify_audit(std::span<const std::uint8_t> text,
                                            const AuditSignature& signature) const = 0;
};

class AuditSigner : public AuditVerifier {
public:
    // Under the active audit key. Errors: unavailable, when there is none.
    virtual Result<AuditSignature> sign_audit(std::span<const std::uint8_t> text) const = 0;
    // The public halves of all audit keys that are not revoked, as a JWK set: what an auditor keeps beside an exported
    // file. They are in no other set, since they sign no tokens.
    [[nodiscard]] virtual std::string audit_jwks() const = 0;
};

}  // namespace postern::core

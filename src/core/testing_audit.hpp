// What the tests of the audit trail share: a signer without cipher, and trails to tamper with.
#pragma once

#include <string>
#include <vector>

#include "base/digest.hpp"
#include "core/audit.hpp"
#include "core/audit_chain.hpp"
#include "core/audit_sealer.hpp"
#include "core/memory_store.hpp"

namespace postern::core::testing {

// Signs with a digest behind a secret word, which the kid names.
class WordAuditSigner final : public AuditSigner {
public:
    explicit WordAuditSigner(std::string kid = "audit-1") : kid_(std::move(kid)) {}
    Result<AuditSignature> sign_audit(std::span<const std::uint8_t> text) const override {
        if (kid_.empty()) return unavailable("There is no active key for the audit chain");
        const Digest value = digest("secret of " + kid_ + std::string(text.begin(), text.end()));
        return AuditSignature{kid_, {value.begin(), value.end()}};
    }
    [[nodiscard]] bool verify_audit(std::span<const std::uint8_t> text,
                                    const AuditSignature& signature) const override {
        const auto own = sign_audit(text);
        return own.has_value() && signature.kid == own->kid && signature.bytes == own->bytes;
    }
    [[nodiscard]] std::string audit_jwks() const override { return R"({"keys":[]})"; }

private:
    std::string kid_;
};

inline Result<SealOutcome> seal(Store& store, const AuditSigner& signer, Timestamp now,
                                const WebhookSettings& webhooks = {}, std::string_view node = "node-1") {
    return write_and_wait(
        store, [&](Transaction& transaction) { return seal_next_records(transaction, signer, webhooks, node, now); });
}

// Until nothing is left. Says how many it sealed.
inline Result<std::size_t> seal_all(Store& store, const AuditSigner& signer, Timestamp now,
                                    const WebhookSettings& webhooks = {}) {
    std::size_t sealed = 0;
    for (;;) {
        const auto outcome = TRY(seal(store, signer, now, webhooks));
        sealed += outcome.sealed;
        if (!outcome.more) return sealed;
    }
}

}  // namespace postern::core::testing

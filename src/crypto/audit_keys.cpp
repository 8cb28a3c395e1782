#include "crypto/audit_keys.hpp"

#include <map>
#include <string>

#include "verify/jwk.hpp"
#include "verify/signature.hpp"

namespace postern::crypto {
namespace {

class PublicAuditKeys final : public core::AuditVerifier {
public:
    explicit PublicAuditKeys(std::map<std::string, verify::SignatureVerifier> keys) : keys_(std::move(keys)) {}

    [[nodiscard]] bool verify_audit(std::span<const std::uint8_t> text,
                                    const core::AuditSignature& signature) const override {
        const auto found = keys_.find(signature.kid);
        return found != keys_.end() &&
               found->second.verify({reinterpret_cast<const char*>(text.data()), text.size()}, signature.bytes);
    }

private:
    std::map<std::string, verify::SignatureVerifier> keys_;
};

}  // namespace

Result<std::unique_ptr<core::AuditVerifier>> read_audit_keys(std::string_view jwks) {
    const verify::JwkSet set = TRY(verify::parse_jwk_set(jwks));
    std::map<std::string, verify::SignatureVerifier> keys;
    for (const verify::Jwk& jwk : set.keys) {
        if (!jwk.kid || !jwk.allows(verify::SignatureAlgorithm::eddsa)) continue;
        keys.emplace(*jwk.kid, TRY(verify::SignatureVerifier::make(*jwk.key, verify::SignatureAlgorithm::eddsa)));
    }
    if (keys.empty()) {
        return invalid_input("invalid_jwks",
                             "The JWK set has no Ed25519 key with a kid, so it is not that of an audit chain");
    }
    return std::unique_ptr<core::AuditVerifier>(std::make_unique<PublicAuditKeys>(std::move(keys)));
}

}  // namespace postern::crypto

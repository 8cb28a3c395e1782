// The keys of an audit chain as an auditor has them: public, from a file.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.hpp"
#include "core/secrets.hpp"

namespace postern::crypto {

// `jwks` is what core::AuditSigner::audit_jwks() gave. Keys that are not Ed25519 with a kid are left out: such a set
// may hold others. Errors: invalid_input "invalid_jwks", for a text that is no JWK set, or has no key of an audit
// chain.
Result<std::unique_ptr<core::AuditVerifier>> read_audit_keys(std::string_view jwks);

}  // namespace postern::crypto

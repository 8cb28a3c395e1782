// The signing port: typed claims in, a compact JWS out, and back. Implemented by src/crypto's key ring. Thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/claims.hpp"

namespace postern::core {

// Never shown to a client: whoever meets it looks for the key, or says "invalid_token".
inline constexpr std::string_view unknown_key_code = "unknown_key";

class Signer {
public:
    virtual ~Signer() = default;

    // The kid that sign() would use for access tokens now; slots are reserved in a list of that key.
    // Errors: unavailable, when there is no active key.
    virtual Result<std::string> access_kid() const = 0;

    // Signs under `kid`, which access_kid() gave. Errors: unavailable, when that key is gone or revoked since.
    virtual Result<std::string> sign(const AccessClaims& claims, std::string_view kid) const = 0;
    virtual Result<std::string> sign(const RefreshClaims& claims) const = 0;

    // Under the newest key for status lists; `typ` is statuslist+jwt. Errors: unavailable, when there is none.
    virtual Result<std::string> sign(const StatusListClaims& claims) const = 0;

    // Believe the signature and the form, nothing else: typ, alg from the key, no `crit`, each claim present with its
    // exact JSON type. Errors: unauthenticated "invalid_token" with which of these failed, never quoting the token;
    // unauthenticated unknown_key_code, when no key of that kid is known here: another node may have made it just now.
    virtual Result<AccessClaims> read_access(std::string_view token) const = 0;
    virtual Result<RefreshClaims> read_refresh(std::string_view token) const = 0;
    // Moves on whenever a key is added, retired or revoked: a verification remembered from before must be made again.
    [[nodiscard]] virtual std::uint64_t generation() const noexcept = 0;

    // The public keys as a JWK set (RFC 7517): JSON text. Those of access tokens and of status lists, next, active and
    // retired; the member "postern_purpose" says which of the two a key is for, so that neither can stand in for the
    // other. Refresh keys are never in it.
    [[nodiscard]] virtual std::shared_ptr<const std::string> jwks() const = 0;
};

}  // namespace postern::core

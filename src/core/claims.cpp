#include "core/claims.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"

namespace postern::core {
namespace {

constexpr std::string_view status_list_path = "/status-lists/";

}  // namespace

bool is_reserved_claim(std::string_view name) {
    // RFC 7519, RFC 9068, RFC 8693, RFC 7800, OpenID Connect Core and the Token Status List draft, and our own. The
    // last three mean something else to scripts that copy claims from object to object.
    constexpr std::array<std::string_view, 39> reserved = {"iss",
                                                           "sub",
                                                           "aud",
                                                           "exp",
                                                           "nbf",
                                                           "iat",
                                                           "jti",
                                                           "sid",
                                                           "client_id",
                                                           "scope",
                                                           "scp",
                                                           "roles",
                                                           "groups",
                                                           "entitlements",
                                                           "type",
                                                           "typ",
                                                           "status",
                                                           "ctr",
                                                           "azp",
                                                           "nonce",
                                                           "auth_time",
                                                           "acr",
                                                           "amr",
                                                           "act",
                                                           "may_act",
                                                           "cnf",
                                                           "events",
                                                           "active",
                                                           "token_type",
                                                           "username",
                                                           "email",
                                                           "email_verified",
                                                           "authorization_details",
                                                           "alg",
                                                           "kid",
                                                           "crit",
                                                           "__proto__",
                                                           "constructor",
                                                           "prototype"};
    return std::ranges::find(reserved, name) != reserved.end();
}

std::string refresh_audience(const TokenPolicy& policy) {
    return policy.issuer + std::string(refresh_audience_suffix);
}

std::string status_list_uri(std::string_view issuer, const ListId& list) {
    return std::string(issuer) + std::string(status_list_path) + list.text();
}

std::optional<ListId> parse_status_list_uri(std::string_view issuer, std::string_view uri) {
    if (!uri.starts_with(issuer)) return std::nullopt;
    uri.remove_prefix(issuer.size());
    if (!uri.starts_with(status_list_path)) return std::nullopt;
    uri.remove_prefix(status_list_path.size());
    return ListId::parse(uri);
}

bool is_for(const std::vector<std::string>& audience, const std::vector<std::string>& ours) {
    return std::ranges::find_first_of(audience, ours) != audience.end();
}

Result<void> check_times(Timestamp issued_at, Timestamp expires_at, Timestamp now) {
    // Expiry is exact: our own tokens are read by the clock they were made by, or by one that doctor holds near it.
    if (now >= expires_at) return unauthenticated("token_expired", "The token has expired");
    if (issued_at > now + limits::clock_leeway) {
        return unauthenticated("invalid_token", "The token was issued in the future");
    }
    return {};
}

Result<void> check_access_claims(const AccessClaims& claims, std::string_view issuer,
                                 const std::vector<std::string>& audiences, Timestamp now) {
    if (claims.issuer != issuer) return unauthenticated("invalid_token", "The token is of another issuer");
    if (!is_for(claims.audience, audiences))
        return unauthenticated("invalid_token", "The token is for another audience");
    return check_times(claims.issued_at, claims.expires_at, now);
}

Result<void> check_refresh_claims(const RefreshClaims& claims, const TokenPolicy& policy, Timestamp now) {
    if (claims.issuer != policy.issuer) return unauthenticated("invalid_token", "The token is of another issuer");
    if (claims.audience != refresh_audience(policy)) {
        return unauthenticated("invalid_token", "The token is for another audience");
    }
    return check_times(claims.issued_at, claims.expires_at, now);
}

}  // namespace postern::core

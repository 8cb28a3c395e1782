// What our tokens say, and the rules for believing it.
//
// Access tokens follow RFC 9068, with `sid`, `type` and a Token Status List reference. Refresh tokens are for the
// server alone: their own `typ`, audience and key. The signature has been checked before any of this is looked at; see
// signer.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/records.hpp"

namespace postern::core {

inline constexpr std::string_view access_token_typ = "at+jwt";
inline constexpr std::string_view refresh_token_typ = "postern-rt+jwt";
inline constexpr std::string_view refresh_audience_suffix = "/auth/v1/refresh";

struct AccessClaims {
    std::string issuer;
    std::vector<std::string> audience;
    AccountId subject;
    std::string client_id;
    Timestamp issued_at;  // whole seconds, as are all times in tokens
    Timestamp expires_at;
    TokenId token_id;      // jti
    SessionId session_id;  // sid
    SlotRef slot;          // status.status_list {idx, uri}; uri is <issuer>/status-lists/<list>
};

struct RefreshClaims {
    std::string issuer;
    std::string audience;
    AccountId subject;
    Timestamp issued_at;
    Timestamp expires_at;
    SessionId session_id;      // sid
    std::int64_t counter = 0;  // ctr
};

// What this server puts in its tokens and asks of them, from the configuration.
struct TokenPolicy {
    std::string issuer;
    std::vector<std::string> audience;
    std::string client_id = "first-party";
    Milliseconds access_token_life{};
    Milliseconds refresh_grace{};
    Milliseconds session_idle{};
    Milliseconds session_life{};
    Milliseconds permanent_session_idle{};
    Milliseconds permanent_session_life{};
};

std::string refresh_audience(const TokenPolicy& policy);
// <issuer>/status-lists/<list>.
std::string status_list_uri(std::string_view issuer, const ListId& list);
// The list that `uri` names, when it is one of this issuer's.
std::optional<ListId> parse_status_list_uri(std::string_view issuer, std::string_view uri);

// Whether a token for `audience` is for one who is called by any of `ours`.
bool is_for(const std::vector<std::string>& audience, const std::vector<std::string>& ours);

// Issuer, audience, not from the future, not expired. Errors: unauthenticated "token_expired" or "invalid_token".
Result<void> check_access_claims(const AccessClaims& claims, const TokenPolicy& policy, Timestamp now);
Result<void> check_refresh_claims(const RefreshClaims& claims, const TokenPolicy& policy, Timestamp now);

}  // namespace postern::core

// What our tokens say, and the rules for believing it.
//
// Access tokens follow RFC 9068, with `sid`, `type` and a Token Status List reference. Refresh tokens are for the
// server alone: their own `typ`, audience and key. The signature has been checked before any of this is looked at; see
// signer.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "core/records.hpp"

namespace postern::core {

inline constexpr std::string_view access_token_typ = "at+jwt";
inline constexpr std::string_view refresh_token_typ = "postern-rt+jwt";
inline constexpr std::string_view status_list_typ = "statuslist+jwt";
inline constexpr std::string_view refresh_audience_suffix = "/auth/v1/refresh";

struct AccessClaims {
    std::string issuer;
    std::vector<std::string> audience;
    AccountId subject;  // a client's own token: the client's id
    std::string client_id;
    Timestamp issued_at;  // whole seconds, as are all times in tokens
    Timestamp expires_at;
    TokenId token_id;                 // jti
    SessionId session_id;             // sid; a client's own token has none, and then session_of(client) stands here
    SlotRef slot;                     // status.status_list {idx, uri}; uri is <issuer>/status-lists/<list>
    std::vector<std::string> roles;   // absent when there are none
    std::vector<std::string> scopes;  // `scope`, separated by spaces; absent when there are none
    std::string custom;  // the account's further claims, which stand beside ours: the text of a JSON object, or empty

    // Whether a client speaks for itself (RFC 9068 section 2.2: then `sub` is the client).
    [[nodiscard]] bool is_clients_own() const { return session_id.bytes == subject.bytes; }
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

// What a Token Status List says (draft-ietf-oauth-status-list-20 section 5.1), for lists of one bit.
struct StatusListClaims {
    std::string subject;  // its own URI
    Timestamp issued_at;
    Timestamp expires_at;
    Milliseconds time_to_live{};  // ttl: how long it may be kept before it is asked for again
    std::string list;             // base64url of zlib data
};

// Whether a claim of that name is ours or a standard's, and so none of an account's own.
bool is_reserved_claim(std::string_view name);

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
    std::int64_t live_tokens_per_session = limits::live_tokens_per_session;
    std::int64_t live_tokens_per_client = limits::live_tokens_per_client;
};

std::string refresh_audience(const TokenPolicy& policy);
// <issuer>/status-lists/<list>.
std::string status_list_uri(std::string_view issuer, const ListId& list);
// The list that `uri` names, when it is one of this issuer's.
std::optional<ListId> parse_status_list_uri(std::string_view issuer, std::string_view uri);

// Whether a token for `audience` is for one who is called by any of `ours`.
bool is_for(const std::vector<std::string>& audience, const std::vector<std::string>& ours);

// Not from the future, not expired. Errors: unauthenticated "token_expired" or "invalid_token".
Result<void> check_times(Timestamp issued_at, Timestamp expires_at, Timestamp now);
// Issuer, for any of `audiences`, not from the future, not expired. Errors: unauthenticated "token_expired" or
// "invalid_token".
Result<void> check_access_claims(const AccessClaims& claims, std::string_view issuer,
                                 const std::vector<std::string>& audiences, Timestamp now);
Result<void> check_refresh_claims(const RefreshClaims& claims, const TokenPolicy& policy, Timestamp now);

}  // namespace postern::core

// An access token of a client's own: RFC 6749 section 4.4, RFC 9068.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/claims.hpp"
#include "core/client_directory.hpp"
#include "core/store.hpp"

namespace postern::core {

// Before it is signed: signing happens after the commit.
struct ClientToken {
    AccessClaims access;
    std::string access_kid;
};

struct ClientTokenRequest {
    std::optional<std::string> resource;             // the one audience that it is for (RFC 8707); without, all of them
    std::optional<std::vector<std::string>> scopes;  // without, all that the client may have
};

// Errors: invalid_input "invalid_target", "invalid_scope", "claims_too_large"; unauthenticated "invalid_client", when
// the client has changed since it proved itself; throttled "too_many_tokens" past policy.live_tokens_per_client.
Result<ClientToken> issue_client_token(Transaction& transaction, const AuthenticatedClient& client,
                                       const ClientTokenRequest& wanted, const TokenPolicy& policy,
                                       std::string_view access_kid, const Actor& actor, Timestamp now);

}  // namespace postern::core

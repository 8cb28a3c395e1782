#include "core/client_token.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "core/clients.hpp"
#include "core/live_tokens.hpp"
#include "core/scopes.hpp"

namespace postern::core {
namespace {

Result<std::vector<std::string>> audience_for(const Client& client, const std::optional<std::string>& resource) {
    if (!resource.has_value()) return client.audiences;
    if (std::ranges::binary_search(client.audiences, *resource)) return std::vector{*resource};
    return invalid_input("invalid_target", "This client may not have tokens for " + quote_for_message(*resource));
}

Result<std::vector<std::string>> scopes_for(const Client& client,
                                            const std::optional<std::vector<std::string>>& wanted) {
    if (!wanted.has_value()) return client.scopes;
    for (const std::string& scope : *wanted) {
        if (std::ranges::binary_search(client.scopes, scope)) continue;
        return invalid_input("invalid_scope", "This client may not have the scope " + quote_for_message(scope));
    }
    return accept_scopes(*wanted);
}

// The client as the transaction sees it, its row taken: so its disabling or a new secret is seen here, or revokes the
// slot that is about to be inserted.
Result<Client> take_unchanged(Transaction& transaction, const AuthenticatedClient& proven) {
    auto client = take_client(transaction, proven.client().id);
    const bool gone = !client.has_value() && client.error().code == "client_unknown";
    if (!client.has_value() && !gone) return std::move(client.error());
    if (gone || client->disabled_at.has_value() || client->secret_hash != proven.client().secret_hash) {
        return unauthenticated("invalid_client", "The client is unknown or disabled, or its secret is wrong");
    }
    return client;
}

}  // namespace

Result<ClientToken> issue_client_token(Transaction& transaction, const AuthenticatedClient& client,
                                       const ClientTokenRequest& wanted, const TokenPolicy& policy,
                                       std::string_view access_kid, const Actor& actor, Timestamp now) {
    const Client current = TRY(take_unchanged(transaction, client));
    auto audience = TRY(audience_for(current, wanted.resource));
    auto scopes = TRY(scopes_for(current, wanted.scopes));
    TRY(check_claims_size(audience, scopes));  // a client may be older than that rule
    const Timestamp issued_at = std::chrono::floor<Seconds>(now);
    // The client's row is taken, so nobody else counts on from here.
    const std::int64_t counter = TRY(transaction.find_last_counter(session_of(current.id))) + 1;
    TRY(check_live_tokens(transaction, session_of(current.id), counter, policy.live_tokens_per_client, now));
    const Slot slot{.ref = TRY(transaction.reserve_slot(access_kid, now)),
                    .session_id = session_of(current.id),
                    .counter = counter,
                    .token_id = TokenId::make(now),
                    .issued_at = now,
                    .expires_at = std::chrono::floor<Seconds>(now + policy.access_token_life),
                    .revoked_at = std::nullopt,
                    .revoke_reason = {}};
    TRY(transaction.insert_slot(slot));
    TRY(record(transaction, "client.token_issued", actor, about(current), "success", now));
    return ClientToken{.access = {.issuer = policy.issuer,
                                  .audience = std::move(audience),
                                  .subject = {current.id.bytes},
                                  .client_id = current.id.text(),
                                  .issued_at = issued_at,
                                  .expires_at = slot.expires_at,
                                  .token_id = slot.token_id,
                                  .session_id = slot.session_id,
                                  .slot = slot.ref,
                                  .roles = {},
                                  .scopes = std::move(scopes),
                                  .custom = {}},
                       .access_kid = std::string(access_kid)};
}

}  // namespace postern::core

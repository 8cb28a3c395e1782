// Clients: programs that call in their own name, as an operator handles them and as they prove who they are.
//
// A secret has 256 random bits, so its fast hash is enough and nobody can guess it; it is shown once and never kept.
// Whatever takes trust from a client revokes its tokens in the same transaction (revocation.hpp).
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "core/audit.hpp"
#include "core/claims.hpp"
#include "core/store.hpp"

namespace postern::core {

struct NewClient {
    std::string name;
    std::vector<std::string> audiences;  // at least one
    std::vector<std::string> scopes;
};

// A client with a secret that nobody will see again.
struct ClientWithSecret {
    Client client;
    SecretString secret;  // "pcs_" and 43 characters of base64url
};

// Errors: conflict "client_exists" for a name that is taken, "too_many_clients" past limits::clients; invalid_input
// "invalid_client_name", "invalid_audience", "invalid_scope".
Result<ClientWithSecret> create_client(Transaction& transaction, const NewClient& wanted, const Actor& actor,
                                       Timestamp now);
// By id or by name. Errors: not_found "client_unknown".
Result<Client> get_client(Reader& reader, std::string_view id_or_name);

// What is set changes; taking something away revokes the client's tokens. Errors: those of create_client().
struct ClientChange {
    std::optional<std::string> name;
    std::optional<std::vector<std::string>> audiences;
    std::optional<std::vector<std::string>> scopes;
};
Result<Client> change_client(Transaction& transaction, Client client, const ClientChange& change, const Actor& actor,
                             Timestamp now);
// The former secret is good for nothing from now on, and the tokens that it got are revoked.
Result<ClientWithSecret> renew_client_secret(Transaction& transaction, Client client, const Actor& actor,
                                             Timestamp now);
Result<Client> disable_client(Transaction& transaction, Client client, const Actor& actor, Timestamp now);
Result<Client> enable_client(Transaction& transaction, Client client, const Actor& actor, Timestamp now);
Result<void> delete_client(Transaction& transaction, const Client& client, const Actor& actor, Timestamp now);

// A client that has proven itself a moment ago. Only the directory makes one.
class AuthenticatedClient {
public:
    [[nodiscard]] const Client& client() const { return *client_; }

private:
    friend class ClientDirectory;
    explicit AuthenticatedClient(std::shared_ptr<const Client> client) : client_(std::move(client)) {}
    std::shared_ptr<const Client> client_;
};

// All clients, in memory, so that asking about a token touches no database. Thread-safe; app loads it at start and
// whenever a client has changed, here or elsewhere.
class ClientDirectory {
public:
    void load(std::vector<Client> clients);

    // In the same time whether there is such a client or not. Errors: unauthenticated "invalid_client".
    Result<AuthenticatedClient> authenticate(std::string_view client_id, std::string_view secret) const;
    // Whether what was proven still holds: the client is there, enabled, and has the same secret. For answers that go
    // on for long.
    [[nodiscard]] bool is_current(const AuthenticatedClient& client) const;

private:
    using Clients = std::unordered_map<ClientId, std::shared_ptr<const Client>>;
    [[nodiscard]] std::shared_ptr<const Clients> snapshot() const;

    mutable std::mutex mutex_;  // guards the pointer
    std::shared_ptr<const Clients> clients_ = std::make_shared<const Clients>();
};

// Every client, in pages. What the directory is loaded with.
Result<std::vector<Client>> list_all_clients(Reader& reader);

// An access token of a client's own (RFC 6749 section 4.4), before it is signed.
struct ClientToken {
    AccessClaims access;
    std::string access_kid;
};
// `resource`: the one audience that it is for (RFC 8707); without, all of the client's. `scopes`: what was asked for;
// without, all that it may have. Errors: invalid_input "invalid_target", "invalid_scope"; unauthenticated
// "invalid_client", when the client has changed since it proved itself.
Result<ClientToken> issue_client_token(Transaction& transaction, const AuthenticatedClient& client,
                                       std::optional<std::string_view> resource,
                                       const std::optional<std::vector<std::string>>& scopes, const TokenPolicy& policy,
                                       std::string_view access_kid, const Actor& actor, Timestamp now);

}  // namespace postern::core

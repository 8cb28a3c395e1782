// Clients: programs that call in their own name, as an operator handles them.
//
// A secret has 256 random bits, so its fast hash is enough and nobody can guess it; it is shown once and never kept.
// Each step takes the client's row first, so that none can miss what another has just made of it; and whatever takes
// trust from a client revokes its tokens in the same transaction.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "core/audit.hpp"
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

// Audiences and scopes together: a token must not become too large to be believed. Errors: invalid_input
// "claims_too_large".
Result<void> check_claims_size(const std::vector<std::string>& audiences, const std::vector<std::string>& scopes);

// Errors: conflict "client_exists" for a name that is taken, "too_many_clients" past limits::clients; invalid_input
// "invalid_client_name", "invalid_audience", "invalid_scope", "claims_too_large".
Result<ClientWithSecret> create_client(Transaction& transaction, const NewClient& wanted, const Actor& actor,
                                       Timestamp now);

// By id or by name: no name looks like an id. Errors: not_found "client_unknown".
Result<Client> get_client(Reader& reader, std::string_view id_or_name);
Result<Client> get_client(Reader& reader, const ClientId& id);
// Every client, in order of id. What the directory is loaded with.
Result<std::vector<Client>> list_all_clients(Reader& reader);

// The client's row, taken for this transaction: whoever changes it has won, or waits. Errors: not_found
// "client_unknown".
Result<Client> take_client(Transaction& transaction, const ClientId& id);

// What is set changes; taking something away revokes the client's tokens.
struct ClientChange {
    std::optional<std::string> name;
    std::optional<std::vector<std::string>> audiences;
    std::optional<std::vector<std::string>> scopes;
};

// Each gives back what the client has become. Doing again what is done is success and changes nothing.
// Errors: not_found "client_unknown"; of change_client() those of create_client() too.
Result<Client> change_client(Transaction& transaction, const ClientId& id, const ClientChange& change,
                             const Actor& actor, Timestamp now);
// The former secret is good for nothing from now on, and the tokens that it got are revoked.
Result<ClientWithSecret> renew_client_secret(Transaction& transaction, const ClientId& id, const Actor& actor,
                                             Timestamp now);
Result<Client> disable_client(Transaction& transaction, const ClientId& id, const Actor& actor, Timestamp now);
Result<Client> enable_client(Transaction& transaction, const ClientId& id, const Actor& actor, Timestamp now);
Result<void> delete_client(Transaction& transaction, const ClientId& id, const Actor& actor, Timestamp now);

// For the audit trail, which has no column for clients: its name and its id.
AuditSubject about(const Client& client);

}  // namespace postern::core

#include "core/clients.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/random.hpp"
#include "core/scopes.hpp"

namespace postern::core {
namespace {

constexpr std::string_view secret_prefix = "pcs_";  // so that a scanner of leaked secrets can tell one
constexpr std::size_t secret_bytes = 32;
constexpr std::size_t clients_in_page = 500;

SecretString make_secret() {
    SecretBytes bytes(secret_bytes);
    fill_random(bytes);
    std::string text = std::string(secret_prefix);
    std::string encoded = encode_base64url(bytes);
    text += encoded;
    wipe(encoded.data(), encoded.size());
    return SecretString::take_from(text);
}

std::vector<std::uint8_t> hash_of(const SecretString& secret) {
    const Digest hash = digest(secret.reveal());
    return {hash.begin(), hash.end()};
}

// People read a name in one line, and a command takes it in place of an id.
Result<std::string> accept_name(std::string name) {
    const auto fits = [](char c) { return c >= ' ' && c <= '~'; };
    const bool padded = name.starts_with(' ') || name.ends_with(' ');
    if (name.empty() || name.size() > limits::client_name_bytes || padded || !std::ranges::all_of(name, fits)) {
        return invalid_input("invalid_client_name", "The name " + quote_for_message(name) +
                                                        " of a client is not 1 to " +
                                                        std::to_string(limits::client_name_bytes) +
                                                        " characters of printable ASCII without a space at either end");
    }
    if (ClientId::parse(name).has_value()) {
        return invalid_input("invalid_client_name", "The name of a client must not look like an id");
    }
    return name;
}

Result<std::vector<std::string>> accept_audiences(std::vector<std::string> wanted) {
    auto audiences = TRY(accept_words(std::move(wanted), "audience", limits::audience_bytes));
    if (audiences.empty() || audiences.size() > limits::audiences_per_client) {
        return invalid_input("invalid_audience", "A client has 1 to " + std::to_string(limits::audiences_per_client) +
                                                     " audiences: the APIs whose tokens it asks about");
    }
    return audiences;
}

Error unknown(const ClientId& id) {
    return not_found("client_unknown", "There is no client " + id.text());
}

Error name_is_taken(const std::string& name) {
    return conflict("client_exists", "There is a client with the name " + quote_for_message(name) + " already");
}

Result<void> require_free_name(Reader& reader, const std::string& name) {
    if (!TRY(reader.find_client_by_name(name)).has_value()) return {};
    return name_is_taken(name);
}

// A name that was taken between the look and the write.
template <typename Outcome>
Result<void> explain_conflict(const Outcome& written, const std::string& name) {
    if (written.has_value()) return {};
    if (written.error().code != "unique_violation") return Error(written.error());
    return name_is_taken(name);
}

Result<Client> save(Transaction& transaction, Client client, std::string_view event, const Actor& actor,
                    Timestamp now) {
    client.updated_at = now;
    const auto written = transaction.update_client(client);
    TRY(explain_conflict(written, client.name));
    TRY(record(transaction, event, actor, about(client), "success", now));
    return client;
}

Result<void> revoke_tokens(Transaction& transaction, const Client& client, RevocationReason reason, Timestamp now) {
    TRY(transaction.revoke_slots_of_session(session_of(client.id), now, reason));
    return {};
}

// Whether something of `before` is not in `after`; both are sorted.
bool lost_something(const std::vector<std::string>& before, const std::vector<std::string>& after) {
    return !std::ranges::includes(after, before);
}

}  // namespace

AuditSubject about(const Client& client) {
    return {.account = std::nullopt, .session = std::nullopt, .detail = client.name + " " + client.id.text()};
}

Result<void> check_claims_size(const std::vector<std::string>& audiences, const std::vector<std::string>& scopes) {
    const std::size_t bytes = bytes_in_token(audiences) + bytes_in_token(scopes);
    if (bytes <= limits::client_claims_bytes) return {};
    return invalid_input("claims_too_large", "Audiences and scopes would take " + std::to_string(bytes) +
                                                 " bytes of a token; together they may have " +
                                                 std::to_string(limits::client_claims_bytes));
}

Result<ClientWithSecret> create_client(Transaction& transaction, const NewClient& wanted, const Actor& actor,
                                       Timestamp now) {
    ClientWithSecret made{.client = {.id = ClientId::make(now),
                                     .name = TRY(accept_name(wanted.name)),
                                     .secret_hash = {},
                                     .audiences = TRY(accept_audiences(wanted.audiences)),
                                     .scopes = TRY(accept_scopes(wanted.scopes)),
                                     .created_at = now,
                                     .updated_at = now,
                                     .disabled_at = std::nullopt},
                          .secret = make_secret()};
    TRY(check_claims_size(made.client.audiences, made.client.scopes));
    made.client.secret_hash = hash_of(made.secret);
    TRY(require_free_name(transaction, made.client.name));
    if (TRY(list_all_clients(transaction)).size() >= limits::clients) {
        return conflict("too_many_clients", "There are " + std::to_string(limits::clients) +
                                                " clients already, which is as many as there may be; delete some");
    }
    const auto inserted = transaction.insert_client(made.client);
    TRY(explain_conflict(inserted, made.client.name));
    TRY(record(transaction, "client.created", actor, about(made.client), "success", now));
    return made;
}

Result<Client> get_client(Reader& reader, std::string_view id_or_name) {
    if (const auto id = ClientId::parse(id_or_name)) return get_client(reader, *id);
    auto client = TRY(reader.find_client_by_name(id_or_name));
    if (client.has_value()) return std::move(*client);
    return not_found("client_unknown", "There is no client with the name " + quote_for_message(id_or_name));
}

Result<Client> get_client(Reader& reader, const ClientId& id) {
    auto client = TRY(reader.find_client(id));
    if (!client.has_value()) return unknown(id);
    return std::move(*client);
}

Result<std::vector<Client>> list_all_clients(Reader& reader) {
    std::vector<Client> all;
    for (;;) {
        const auto after = all.empty() ? std::nullopt : std::optional(all.back().id);
        auto page = TRY(reader.list_clients(after, clients_in_page));
        const bool last = page.size() < clients_in_page;
        std::ranges::move(page, std::back_inserter(all));
        if (last) return all;
    }
}

Result<Client> take_client(Transaction& transaction, const ClientId& id) {
    auto client = TRY(transaction.take_client(id));
    if (!client.has_value()) return unknown(id);
    return std::move(*client);
}

Result<Client> change_client(Transaction& transaction, const ClientId& id, const ClientChange& change,
                             const Actor& actor, Timestamp now) {
    const Client before = TRY(take_client(transaction, id));
    Client client = before;
    if (change.name.has_value()) client.name = TRY(accept_name(*change.name));
    if (change.audiences.has_value()) client.audiences = TRY(accept_audiences(*change.audiences));
    if (change.scopes.has_value()) client.scopes = TRY(accept_scopes(*change.scopes));
    TRY(check_claims_size(client.audiences, client.scopes));
    const bool renamed = client.name != before.name;
    if (!renamed && client.audiences == before.audiences && client.scopes == before.scopes) return client;
    if (renamed) TRY(require_free_name(transaction, client.name));
    client = TRY(save(transaction, std::move(client), "client.changed", actor, now));
    if (lost_something(before.audiences, client.audiences) || lost_something(before.scopes, client.scopes)) {
        TRY(revoke_tokens(transaction, client, RevocationReason::client_changed, now));
    }
    return client;
}

Result<ClientWithSecret> renew_client_secret(Transaction& transaction, const ClientId& id, const Actor& actor,
                                             Timestamp now) {
    ClientWithSecret renewed{.client = TRY(take_client(transaction, id)), .secret = make_secret()};
    renewed.client.secret_hash = hash_of(renewed.secret);
    renewed.client = TRY(save(transaction, std::move(renewed.client), "client.secret_renewed", actor, now));
    TRY(revoke_tokens(transaction, renewed.client, RevocationReason::client_changed, now));
    return renewed;
}

Result<Client> disable_client(Transaction& transaction, const ClientId& id, const Actor& actor, Timestamp now) {
    Client client = TRY(take_client(transaction, id));
    if (client.disabled_at.has_value()) {
        // As for an account: what another node did must be known here before anybody is told.
        TRY(revoke_tokens(transaction, client, RevocationReason::client_disabled, now));
        return client;
    }
    client.disabled_at = now;
    client = TRY(save(transaction, std::move(client), "client.disabled", actor, now));
    TRY(revoke_tokens(transaction, client, RevocationReason::client_disabled, now));
    return client;
}

Result<Client> enable_client(Transaction& transaction, const ClientId& id, const Actor& actor, Timestamp now) {
    Client client = TRY(take_client(transaction, id));
    if (!client.disabled_at.has_value()) return client;
    client.disabled_at.reset();
    return save(transaction, std::move(client), "client.enabled", actor, now);
}

Result<void> delete_client(Transaction& transaction, const ClientId& id, const Actor& actor, Timestamp now) {
    const Client client = TRY(take_client(transaction, id));
    TRY(revoke_tokens(transaction, client, RevocationReason::client_deleted, now));
    TRY(transaction.delete_client(id));
    TRY(record(transaction, "client.deleted", actor, about(client), "success", now));
    return {};
}

}  // namespace postern::core

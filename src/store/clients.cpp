// Statements about clients.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define CLIENT_COLUMNS "id, name, secret_hash, audiences, scopes, created_at, updated_at, disabled_at"

namespace postern::store {
namespace {

core::Client client_from(Row& row) {
    Columns columns(row);
    core::Client client;
    client.id = columns.id<core::ClientId>();
    client.name = columns.text();
    client.secret_hash = columns.bytes();
    client.audiences = columns.words();
    client.scopes = columns.words();
    client.created_at = columns.time();
    client.updated_at = columns.time();
    client.disabled_at = columns.optional_time();
    return client;
}

}  // namespace

Result<std::optional<core::Client>> SqlTransaction::find_client(const core::ClientId& id) {
    auto outcome = TRY(connection_.execute("SELECT " CLIENT_COLUMNS " FROM clients WHERE id = $1", values(id)));
    return first_record(outcome, client_from);
}

Result<std::optional<core::Client>> SqlTransaction::find_client_by_name(std::string_view name) {
    auto outcome = TRY(connection_.execute("SELECT " CLIENT_COLUMNS " FROM clients WHERE name = $1", values(name)));
    return first_record(outcome, client_from);
}

Result<std::vector<core::Client>> SqlTransaction::list_clients(std::optional<core::ClientId> after, std::size_t limit) {
    auto outcome = TRY(connection_.execute("SELECT " CLIENT_COLUMNS " FROM clients WHERE id > $1 ORDER BY id LIMIT $2",
                                           values(after.value_or(lowest_id<core::ClientId>()), at_most(limit))));
    return records_from(outcome, client_from);
}

Result<void> SqlTransaction::insert_client(const core::Client& client) {
    TRY(connection_.execute(
        "INSERT INTO clients (" CLIENT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        values(client.id, client.name, client.secret_hash, core::join_words(client.audiences),
               core::join_words(client.scopes), client.created_at, client.updated_at, client.disabled_at)));
    return mark_clients_changed();
}

Result<std::optional<core::Client>> SqlTransaction::take_client(const core::ClientId& id) {
    auto outcome = TRY(connection_.execute("UPDATE clients SET updated_at = updated_at WHERE id = $1", values(id)));
    if (outcome.changed == 0) return std::optional<core::Client>();
    return find_client(id);
}

Result<bool> SqlTransaction::update_client(const core::Client& client) {
    auto outcome = TRY(connection_.execute(
        "UPDATE clients SET name = $2, secret_hash = $3, audiences = $4, scopes = $5, updated_at = $6, "
        "disabled_at = $7 WHERE id = $1",
        values(client.id, client.name, client.secret_hash, core::join_words(client.audiences),
               core::join_words(client.scopes), client.updated_at, client.disabled_at)));
    if (outcome.changed == 0) return false;
    TRY(mark_clients_changed());
    return true;
}

Result<bool> SqlTransaction::delete_client(const core::ClientId& id) {
    auto outcome = TRY(connection_.execute("DELETE FROM clients WHERE id = $1", values(id)));
    if (outcome.changed == 0) return false;
    TRY(mark_clients_changed());
    return true;
}

// One row for all: whoever changes a client waits for another who does, and no two leave the same number behind.
Result<void> SqlTransaction::mark_clients_changed() {
    const auto change = TRY(connection_.change_number());
    TRY(connection_.execute("UPDATE change_marks SET change = $1 WHERE name = 'clients'", values(change)));
    pending_.clients_changed = true;
    pending_.feed_changed = true;
    return {};
}

}  // namespace postern::store

// Statements about signing keys and settings.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define KEY_COLUMNS \
    "kid, purpose, algorithm, state, public_jwk, sealed, master_key_id, created_at, expires_at, revoked_at"

namespace postern::store {
namespace {

core::StoredKey key_from(Row& row) {
    Columns columns(row);
    core::StoredKey key;
    key.kid = columns.text();
    key.purpose = core::parse_key_purpose(columns.text()).value();
    key.algorithm = core::parse_key_algorithm(columns.text()).value();
    key.state = core::parse_key_state(columns.text()).value();
    key.public_jwk = columns.text();
    key.sealed = columns.bytes();
    key.master_key_id = columns.text();
    key.created_at = columns.time();
    key.expires_at = columns.optional_time();
    key.revoked_at = columns.optional_time();
    return key;
}

// The lists of a revoked key, marked; every token that it signed is refused from now on.
Result<std::vector<ListInfo>> revoke_lists_of(Connection& connection, const core::StoredKey& key, std::int64_t change) {
    auto outcome =
        TRY(connection.execute("UPDATE token_lists SET revoked_at = $2, change = $3 "
                               "WHERE kid = $1 AND revoked_at IS NULL RETURNING " LIST_COLUMNS,
                               values(key.kid, key.revoked_at.value_or(key.created_at), change)));
    std::vector<ListInfo> lists;
    lists.reserve(outcome.rows.size());
    for (auto& row : outcome.rows) lists.push_back(list_from(row));
    return lists;
}

}  // namespace

Result<std::vector<core::StoredKey>> SqlTransaction::list_keys() {
    auto outcome = TRY(connection_.execute("SELECT " KEY_COLUMNS " FROM signing_keys ORDER BY created_at, kid", {}));
    std::vector<core::StoredKey> keys;
    keys.reserve(outcome.rows.size());
    for (auto& row : outcome.rows) keys.push_back(key_from(row));
    return keys;
}

Result<void> SqlTransaction::insert_key(const core::StoredKey& key) {
    const auto change = TRY(connection_.change_number());
    TRY(connection_.execute(
        "INSERT INTO signing_keys (" KEY_COLUMNS ", change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        values(key.kid, core::word(key.purpose), core::word(key.algorithm), core::word(key.state), key.public_jwk,
               key.sealed, key.master_key_id, key.created_at, key.expires_at, key.revoked_at, change)));
    pending_.keys_changed = true;
    pending_.feed_changed = true;
    return {};
}

Result<bool> SqlTransaction::update_key(const core::StoredKey& key) {
    const auto change = TRY(connection_.change_number());
    auto outcome = TRY(connection_.execute(
        "UPDATE signing_keys SET state = $2, sealed = $3, master_key_id = $4, expires_at = $5, revoked_at = $6, "
        "change = $7 WHERE kid = $1",
        values(key.kid, core::word(key.state), key.sealed, key.master_key_id, key.expires_at, key.revoked_at, change)));
    if (outcome.changed == 0) return false;
    if (key.state == core::KeyState::revoked) {
        auto lists = TRY(revoke_lists_of(connection_, key, change));
        pending_.revoked_lists.insert(pending_.revoked_lists.end(), lists.begin(), lists.end());
    }
    pending_.keys_changed = true;
    pending_.feed_changed = true;
    return true;
}

Result<std::optional<std::string>> SqlTransaction::find_setting(std::string_view name) {
    auto outcome = TRY(connection_.execute("SELECT value FROM settings WHERE name = $1", values(name)));
    if (outcome.rows.empty()) return std::optional<std::string>();
    const auto bytes = Columns(outcome.rows.front()).bytes();
    return std::optional<std::string>(std::in_place, bytes.begin(), bytes.end());
}

Result<void> SqlTransaction::set_setting(std::string_view name, std::string_view value) {
    TRY(
        connection_.execute("INSERT INTO settings (name, value) VALUES ($1, $2) "
                            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                            values(name, Blob(value.begin(), value.end()))));
    return {};
}

}  // namespace postern::store

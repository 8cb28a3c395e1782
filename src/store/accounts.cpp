// Statements about accounts.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define ACCOUNT_COLUMNS                                                                            \
    "id, email_key, email, kind, admin, password_hash, security_version, created_at, updated_at, " \
    "activated_at, email_verified_at, disabled_at, last_login_at"

namespace postern::store {
namespace {

core::Account account_from(Row& row) {
    Columns columns(row);
    core::Account account;
    account.id = columns.id<core::AccountId>();
    account.email_key = columns.text();
    account.email = columns.text();
    account.kind = core::parse_account_kind(columns.text()).value();
    account.admin = columns.flag();
    account.password_hash = columns.text();
    account.security_version = columns.integer();
    account.created_at = columns.time();
    account.updated_at = columns.time();
    account.activated_at = columns.optional_time();
    account.email_verified_at = columns.optional_time();
    account.disabled_at = columns.optional_time();
    account.last_login_at = columns.optional_time();
    return account;
}

std::optional<core::Account> first_account(Outcome& outcome) {
    if (outcome.rows.empty()) return std::nullopt;
    return account_from(outcome.rows.front());
}

}  // namespace

Result<std::optional<core::Account>> SqlTransaction::find_account(const core::AccountId& id) {
    auto outcome = TRY(connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE id = $1", values(id)));
    return first_account(outcome);
}

Result<std::optional<core::Account>> SqlTransaction::find_account_by_email(std::string_view email_key) {
    auto outcome =
        TRY(connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE email_key = $1", values(email_key)));
    return first_account(outcome);
}

Result<std::vector<core::Account>> SqlTransaction::list_accounts(std::optional<core::AccountId> after,
                                                                 std::size_t limit) {
    auto outcome =
        TRY(connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE id > $1 ORDER BY id LIMIT $2",
                                values(after.value_or(core::AccountId{}), static_cast<std::int64_t>(limit))));
    std::vector<core::Account> accounts;
    accounts.reserve(outcome.rows.size());
    for (auto& row : outcome.rows) accounts.push_back(account_from(row));
    return accounts;
}

Result<std::int64_t> SqlTransaction::count_active_admins() {
    auto outcome =
        TRY(connection_.execute("SELECT COUNT(*) FROM accounts WHERE admin = 1 AND disabled_at IS NULL AND "
                                "(kind = 'demo' AND email_verified_at IS NOT NULL OR "
                                "kind = 'standard' AND activated_at IS NOT NULL)",
                                {}));
    return Columns(outcome.rows.at(0)).integer();
}

Result<void> SqlTransaction::insert_account(const core::Account& account) {
    TRY(connection_.execute(
        "INSERT INTO accounts (" ACCOUNT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        values(account.id, account.email_key, account.email, core::word(account.kind), account.admin,
               account.password_hash, account.security_version, account.created_at, account.updated_at,
               account.activated_at, account.email_verified_at, account.disabled_at, account.last_login_at)));
    return {};
}

Result<bool> SqlTransaction::update_account(const core::Account& account, std::int64_t expected_security_version) {
    auto outcome = TRY(connection_.execute(
        "UPDATE accounts SET email = $3, kind = $4, admin = $5, password_hash = $6, security_version = $7, "
        "updated_at = $8, activated_at = $9, email_verified_at = $10, disabled_at = $11, last_login_at = $12 "
        "WHERE id = $1 AND security_version = $2",
        values(account.id, expected_security_version, account.email, core::word(account.kind), account.admin,
               account.password_hash, account.security_version, account.updated_at, account.activated_at,
               account.email_verified_at, account.disabled_at, account.last_login_at)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::update_last_login(const core::AccountId& id, std::int64_t expected_security_version,
                                               Timestamp now) {
    auto outcome =
        TRY(connection_.execute("UPDATE accounts SET last_login_at = $3 WHERE id = $1 AND security_version = $2",
                                values(id, expected_security_version, now)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::delete_account(const core::AccountId& id) {
    // The account's row first: whoever is logging in holds it, and shall have finished or lost.
    auto taken = TRY(
        connection_.execute("UPDATE accounts SET security_version = security_version + 1 WHERE id = $1", values(id)));
    if (taken.changed == 0) return false;
    TRY(connection_.execute("DELETE FROM sessions WHERE account_id = $1", values(id)));
    TRY(connection_.execute("DELETE FROM accounts WHERE id = $1", values(id)));
    return true;
}

}  // namespace postern::store

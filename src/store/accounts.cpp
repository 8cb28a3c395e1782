// Statements about accounts.
#include "store/account_columns.hpp"

#include "base/ascii.hpp"
#include "store/transaction.hpp"

#define SEARCH_ACCOUNTS                                                                         \
    " email_key LIKE $1 ESCAPE '\\' AND ($2 = '' OR kind = $2) AND ($3 < 0 OR admin = $3) AND " \
    "($4 < 0 OR $4 = CASE WHEN disabled_at IS NULL THEN 0 ELSE 1 END) AND "                     \
    "($5 < 0 OR $5 = CASE WHEN " IS_ACTIVE " THEN 1 ELSE 0 END) AND id > $6 ORDER BY id LIMIT $7"
// As core::is_active() says.
#define IS_ACTIVE                                                                  \
    "disabled_at IS NULL AND (kind = 'demo' AND email_verified_at IS NOT NULL OR " \
    "kind = 'standard' AND activated_at IS NOT NULL)"

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
    account.password_scheme = columns.text();
    account.display_name = columns.text();
    account.locale = columns.text();
    account.roles = columns.words();
    account.scopes = columns.words();
    account.custom_claims = columns.text();
    account.security_version = columns.integer();
    account.created_at = columns.time();
    account.updated_at = columns.time();
    account.activated_at = columns.optional_time();
    account.email_verified_at = columns.optional_time();
    account.disabled_at = columns.optional_time();
    account.last_login_at = columns.optional_time();
    return account;
}

// A pattern of LIKE for whatever holds `text`, which is not a pattern itself.
std::string containing(std::string_view text) {
    std::string pattern = "%";
    for (const char c : to_lower_ascii(text)) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern += '%';
}

std::int64_t flag_or_any(std::optional<bool> flag) {
    constexpr std::int64_t any = -1;
    return flag ? std::int64_t{*flag} : any;
}

}  // namespace

Result<std::optional<core::Account>> SqlTransaction::find_account(const core::AccountId& id) {
    auto outcome = TRY(connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE id = $1", values(id)));
    return first_record(outcome, account_from);
}

Result<std::optional<core::Account>> SqlTransaction::find_account_by_email(std::string_view email_key) {
    auto outcome =
        TRY(connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE email_key = $1", values(email_key)));
    return first_record(outcome, account_from);
}

Result<std::vector<core::Account>> SqlTransaction::list_accounts(std::optional<core::AccountId> after,
                                                                 std::size_t limit) {
    auto outcome =
        TRY(connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE id > $1 ORDER BY id LIMIT $2",
                                values(after.value_or(lowest_id<core::AccountId>()), at_most(limit))));
    return records_from(outcome, account_from);
}

Result<std::vector<core::Account>> SqlTransaction::search_accounts(const core::AccountFilter& filter,
                                                                   std::optional<core::AccountId> after,
                                                                   std::size_t limit) {
    const auto parameters = values(containing(filter.text), filter.kind ? core::word(*filter.kind) : "",
                                   flag_or_any(filter.admin), flag_or_any(filter.disabled), flag_or_any(filter.active),
                                   after.value_or(lowest_id<core::AccountId>()), at_most(limit));
    // Administrators are few among many, and have an index.
    auto outcome =
        TRY(filter.admin == true
                ? connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE admin = 1 AND" SEARCH_ACCOUNTS,
                                      parameters)
                : connection_.execute("SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE" SEARCH_ACCOUNTS, parameters));
    return records_from(outcome, account_from);
}

Result<std::int64_t> SqlTransaction::count_active_admins() {
    auto outcome = TRY(connection_.execute("SELECT COUNT(*) FROM accounts WHERE admin = 1 AND " IS_ACTIVE, {}));
    return Columns(outcome.rows.at(0)).integer();
}

Result<std::vector<std::string>> SqlTransaction::list_password_schemes() {
    // From one to the next along the index, however many accounts each has.
    std::vector<std::string> schemes;
    for (std::string last;;) {
        auto outcome = TRY(connection_.execute(
            "SELECT COALESCE(MIN(password_scheme), '') FROM accounts WHERE password_scheme > $1", values(last)));
        last = Columns(outcome.rows.at(0)).text();
        if (last.empty()) return schemes;
        schemes.push_back(last);
    }
}

Result<std::vector<core::Account>> SqlTransaction::list_accounts_of_scheme(std::string_view scheme,
                                                                           std::optional<core::AccountId> after,
                                                                           std::size_t limit) {
    auto outcome = TRY(connection_.execute(
        "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE password_scheme = $1 AND id > $2 ORDER BY id LIMIT $3",
        values(scheme, after.value_or(lowest_id<core::AccountId>()), at_most(limit))));
    return records_from(outcome, account_from);
}

Result<void> SqlTransaction::insert_account(const core::Account& account) {
    TRY(connection_.execute(
        "INSERT INTO accounts (" ACCOUNT_COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)",
        account_values(account)));
    return {};
}

Result<bool> SqlTransaction::update_account(const core::Account& account, std::int64_t expected_security_version) {
    auto outcome = TRY(connection_.execute(
        "UPDATE accounts SET email_key = $3, email = $4, kind = $5, admin = $6, password_hash = $7, "
        "password_scheme = $8, display_name = $9, locale = $10, roles = $11, scopes = $12, "
        "custom_claims = $13, security_version = $14, updated_at = $15, activated_at = $16, email_verified_at = $17, "
        "disabled_at = $18, last_login_at = $19 "
        "WHERE id = $1 AND security_version = $2",
        values(account.id, expected_security_version, account.email_key, account.email, core::word(account.kind),
               account.admin, account.password_hash, account.password_scheme, account.display_name, account.locale,
               core::join_words(account.roles), core::join_words(account.scopes), account.custom_claims,
               account.security_version, account.updated_at, account.activated_at, account.email_verified_at,
               account.disabled_at, account.last_login_at)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::update_last_login(const core::AccountId& id, std::int64_t expected_security_version,
                                               Timestamp now) {
    auto outcome =
        TRY(connection_.execute("UPDATE accounts SET last_login_at = $3 WHERE id = $1 AND security_version = $2",
                                values(id, expected_security_version, now)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::update_password_hash(const core::AccountId& id, std::string_view expected_hash,
                                                  std::string_view hash, std::string_view scheme) {
    auto outcome = TRY(connection_.execute(
        "UPDATE accounts SET password_hash = $3, password_scheme = $4 WHERE id = $1 AND password_hash = $2",
        values(id, expected_hash, hash, scheme)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::take_account(const core::AccountId& id, std::int64_t expected_security_version) {
    auto outcome = TRY(connection_.execute(
        "UPDATE accounts SET security_version = security_version WHERE id = $1 AND security_version = $2",
        values(id, expected_security_version)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::delete_account(const core::AccountId& id) {
    // The account's row first: whoever is logging in holds it, and shall have finished or lost.
    auto taken = TRY(
        connection_.execute("UPDATE accounts SET security_version = security_version + 1 WHERE id = $1", values(id)));
    if (taken.changed == 0) return false;
    TRY(connection_.execute("DELETE FROM sessions WHERE account_id = $1", values(id)));
    TRY(connection_.execute("DELETE FROM mail_tokens WHERE account_id = $1", values(id)));
    TRY(connection_.execute("DELETE FROM known_networks WHERE account_id = $1", values(id)));
    TRY(connection_.execute("DELETE FROM outbox WHERE account_id = $1 AND kind = 'mail'", values(id)));
    TRY(connection_.execute("DELETE FROM accounts WHERE id = $1", values(id)));
    return true;
}

}  // namespace postern::store

#include "core/accounts.hpp"

#include "core/revocation.hpp"

namespace postern::core {
namespace {

// Every change raises the security version, so that neither a login in flight nor another change can miss it.
Result<Account> save(Transaction& transaction, Account account, Timestamp now) {
    const std::int64_t read_version = account.security_version;
    account.security_version += 1;
    account.updated_at = now;
    const bool saved = TRY(transaction.update_account(account, read_version));
    if (!saved) return conflict("retry", "The account changed meanwhile");
    return account;
}

Result<void> keep_an_admin(Transaction& transaction, const Account& account) {
    if (!account.admin || !is_active(account)) return {};
    // Two administrators who remove each other at once would both count two: writing one row makes them queue up.
    TRY(transaction.set_setting("administrators_guard", account.id.text()));
    if (TRY(transaction.count_active_admins()) > 1) return {};
    return conflict("last_admin",
                    account.email + " is the last active administrator; make another account an administrator first");
}

// Notes when `moment` of the account came to pass; nothing when it has.
Result<Account> mark(Transaction& transaction, std::string_view email_key, std::optional<Timestamp> Account::*moment,
                     std::string_view event, const Actor& actor, Timestamp now) {
    auto account = TRY(get_account(transaction, email_key));
    if ((account.*moment).has_value()) return account;
    account.*moment = now;
    account = TRY(save(transaction, std::move(account), now));
    TRY(record(transaction, event, actor, {account.id, std::nullopt}, "success", now));
    return account;
}

}  // namespace

Result<Account> get_account(Reader& reader, std::string_view email_key) {
    auto account = TRY(reader.find_account_by_email(email_key));
    if (!account.has_value()) {
        return not_found("account_unknown", "There is no account with the address " + std::string(email_key));
    }
    return std::move(*account);
}

bool is_active(const Account& account) {
    if (account.disabled_at.has_value()) return false;
    // A demo account is activated by proving its address; a standard one by an administrator or an invitation.
    return account.kind == AccountKind::demo ? account.email_verified_at.has_value() : account.activated_at.has_value();
}

Result<Account> create_account(Transaction& transaction, const NewAccount& wanted, const Actor& actor, Timestamp now) {
    const auto existing = TRY(transaction.find_account_by_email(wanted.email.key));
    if (existing.has_value()) {
        return conflict("account_exists", "There is an account with the address " + wanted.email.key + " already");
    }
    Account account{.id = AccountId::make(now),
                    .email_key = wanted.email.key,
                    .email = wanted.email.given,
                    .kind = wanted.kind,
                    .admin = wanted.admin,
                    .password_hash = wanted.password_hash,
                    .security_version = 1,
                    .created_at = now,
                    .updated_at = now,
                    .activated_at = wanted.activated ? std::optional(now) : std::nullopt,
                    .email_verified_at = wanted.verified ? std::optional(now) : std::nullopt,
                    .disabled_at = std::nullopt,
                    .last_login_at = std::nullopt};
    TRY(transaction.insert_account(account));
    TRY(record(transaction, "account.created", actor, {account.id, std::nullopt}, "success", now));
    return account;
}

Result<Account> activate_account(Transaction& transaction, std::string_view email_key, const Actor& actor,
                                 Timestamp now) {
    return mark(transaction, email_key, &Account::activated_at, "account.activated", actor, now);
}

Result<Account> verify_account(Transaction& transaction, std::string_view email_key, const Actor& actor,
                               Timestamp now) {
    return mark(transaction, email_key, &Account::email_verified_at, "account.verified", actor, now);
}

Result<Account> disable_account(Transaction& transaction, std::string_view email_key, const Actor& actor,
                                Timestamp now) {
    auto account = TRY(get_account(transaction, email_key));
    if (account.disabled_at.has_value()) return account;
    TRY(keep_an_admin(transaction, account));
    account.disabled_at = now;
    account = TRY(save(transaction, std::move(account), now));
    TRY(revoke_account(transaction, account.id, RevocationReason::account_disabled, "account.disabled", actor, now));
    return account;
}

Result<Account> enable_account(Transaction& transaction, std::string_view email_key, const Actor& actor,
                               Timestamp now) {
    auto account = TRY(get_account(transaction, email_key));
    if (!account.disabled_at.has_value()) return account;
    account.disabled_at.reset();
    account = TRY(save(transaction, std::move(account), now));
    TRY(record(transaction, "account.enabled", actor, {account.id, std::nullopt}, "success", now));
    return account;
}

Result<void> delete_account(Transaction& transaction, std::string_view email_key, const Actor& actor, Timestamp now) {
    auto account = TRY(get_account(transaction, email_key));
    TRY(keep_an_admin(transaction, account));
    // The version goes up first: it takes the row, so that no login finishes between here and the deletion.
    account = TRY(save(transaction, std::move(account), now));
    TRY(revoke_account(transaction, account.id, RevocationReason::account_deleted, "account.deleted", actor, now));
    TRY(transaction.delete_account(account.id));
    return {};
}

Result<Account> set_password(Transaction& transaction, std::string_view email_key, std::string password_hash,
                             const Actor& actor, Timestamp now) {
    auto account = TRY(get_account(transaction, email_key));
    account.password_hash = std::move(password_hash);
    account = TRY(save(transaction, std::move(account), now));
    TRY(revoke_account(transaction, account.id, RevocationReason::password_changed, "account.password_changed", actor,
                       now));
    return account;
}

}  // namespace postern::core

#include "core/accounts.hpp"

#include <algorithm>

#include "core/revocation.hpp"
#include "core/throttle.hpp"
#include "core/words.hpp"

namespace postern::core {
namespace {

constexpr Words<AccountState, 3> account_states = {
    {{AccountState::active, "active"}, {AccountState::inactive, "inactive"}, {AccountState::disabled, "disabled"}}};

AuditSubject about(const Account& account) {
    return {.account = account.id, .session = std::nullopt, .detail = account.email};
}

Result<void> keep_an_admin(Transaction& transaction, const Account& account) {
    if (!account.admin || !is_active(account)) return {};
    // Two administrators who remove each other at once would both count two: writing one row makes them queue up.
    TRY(transaction.set_setting("administrators_guard", account.id.text()));
    if (TRY(transaction.count_active_admins()) > 1) return {};
    return conflict("last_admin",
                    account.email + " is the last active administrator; make another account an administrator first");
}

// Saves a change that takes no trust away.
Result<Account> save_and_record(Transaction& transaction, Account account, std::string_view event, const Actor& actor,
                                Timestamp now) {
    account = TRY(save_account(transaction, std::move(account), now));
    TRY(record(transaction, event, actor, about(account), "success", now));
    return account;
}

}  // namespace

Result<Account> save_account(Transaction& transaction, Account account, Timestamp now) {
    const std::int64_t read_version = account.security_version;
    account.security_version += 1;
    account.updated_at = now;
    const bool saved = TRY(transaction.update_account(account, read_version));
    if (!saved) return conflict("retry", "The account changed meanwhile");
    return account;
}

Result<Account> save_and_revoke(Transaction& transaction, Account account, RevocationReason reason,
                                std::string_view event, const Actor& actor, Timestamp now) {
    account = TRY(save_account(transaction, std::move(account), now));
    TRY(revoke_account(transaction, account.id, reason, event, actor, now, account.email));
    return account;
}

Result<void> end_earlier_rights(Transaction& transaction, const Account& account) {
    TRY(transaction.delete_mail_tokens_of(account.id, std::nullopt));
    TRY(transaction.delete_known_networks(account.id));
    return {};
}

Result<Account> get_account(Reader& reader, std::string_view email_key) {
    auto account = TRY(reader.find_account_by_email(email_key));
    if (!account.has_value()) {
        return not_found("account_unknown", "There is no account with the address " + std::string(email_key));
    }
    return std::move(*account);
}

Result<Account> get_account(Reader& reader, const AccountId& id) {
    auto account = TRY(reader.find_account(id));
    if (!account.has_value()) return not_found("account_unknown", "There is no account " + id.text());
    return std::move(*account);
}

bool is_active(const Account& account) {
    if (account.disabled_at.has_value()) return false;
    // A demo account is activated by proving its address; a standard one by an administrator or an invitation.
    return account.kind == AccountKind::demo ? account.email_verified_at.has_value() : account.activated_at.has_value();
}

AccountState state_of(const Account& account) {
    if (account.disabled_at.has_value()) return AccountState::disabled;
    return is_active(account) ? AccountState::active : AccountState::inactive;
}

void narrow(AccountFilter& filter, AccountState state) {
    filter.disabled = state == AccountState::disabled;
    if (state != AccountState::disabled) filter.active = state == AccountState::active;
}

std::string_view word(AccountState state) {
    return word_in(account_states, state);
}

std::optional<AccountState> parse_account_state(std::string_view text) {
    return value_in(account_states, text);
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
                    .password_scheme = wanted.password_scheme,
                    .display_name = wanted.display_name,
                    .locale = wanted.locale,
                    .roles = TRY(accept_roles(wanted.roles)),
                    .security_version = 1,
                    .created_at = now,
                    .updated_at = now,
                    .activated_at = wanted.activated ? std::optional(now) : std::nullopt,
                    .email_verified_at = wanted.verified ? std::optional(now) : std::nullopt,
                    .disabled_at = std::nullopt,
                    .last_login_at = std::nullopt};
    TRY(transaction.insert_account(account));
    TRY(record(transaction, "account.created", actor, about(account), "success", now));
    return account;
}

Result<Account> activate_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now) {
    if (account.activated_at.has_value()) return account;
    account.activated_at = now;
    return save_and_record(transaction, std::move(account), "account.activated", actor, now);
}

Result<Account> verify_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now) {
    if (account.email_verified_at.has_value()) return account;
    account.email_verified_at = now;
    return save_and_record(transaction, std::move(account), "account.verified", actor, now);
}

Result<Account> convert_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now) {
    if (account.kind == AccountKind::standard) return account;
    account.kind = AccountKind::standard;
    const bool proven = account.email_verified_at.has_value();
    if (proven && !account.activated_at.has_value()) account.activated_at = now;
    // Whoever signed up with somebody else's address chose that password: only the mailbox's holder may choose one.
    if (!proven) set_new_password(account, {});
    account = TRY(save_and_record(transaction, std::move(account), "account.converted", actor, now));
    if (!proven) TRY(transaction.delete_mail_tokens_of(account.id, std::nullopt));
    return account;
}

Result<Account> disable_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now) {
    if (account.disabled_at.has_value()) {
        // By another node a moment ago, perhaps: then its tokens must be refused here too before anybody is told.
        TRY(transaction.end_sessions_of(account.id, now, RevocationReason::account_disabled));
        return account;
    }
    TRY(keep_an_admin(transaction, account));
    account.disabled_at = now;
    account = TRY(save_and_revoke(transaction, std::move(account), RevocationReason::account_disabled,
                                  "account.disabled", actor, now));
    TRY(transaction.delete_mail_tokens_of(account.id, std::nullopt));
    return account;
}

Result<Account> enable_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now) {
    if (!account.disabled_at.has_value()) return account;
    account.disabled_at.reset();
    return save_and_record(transaction, std::move(account), "account.enabled", actor, now);
}

Result<void> delete_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now) {
    TRY(keep_an_admin(transaction, account));
    // The version goes up first: it takes the row, so that no login finishes between here and the deletion.
    account = TRY(save_and_revoke(transaction, std::move(account), RevocationReason::account_deleted, "account.deleted",
                                  actor, now));
    TRY(transaction.delete_account(account.id));
    // Last, since the record of the deletion names the address too.
    TRY(transaction.erase_audit(account.id));
    return {};
}

Result<Account> set_admin(Transaction& transaction, Account account, bool admin, const Actor& actor, Timestamp now) {
    if (account.admin == admin) return account;
    TRY(keep_an_admin(transaction, account));
    account.admin = admin;
    return save_and_revoke(transaction, std::move(account), RevocationReason::role_changed,
                           admin ? "account.admin_granted" : "account.admin_taken", actor, now);
}

Result<Account> set_password(Transaction& transaction, Account account, const NewPassword& password, const Actor& actor,
                             Timestamp now) {
    set_new_password(account, password);
    account = TRY(save_and_revoke(transaction, std::move(account), RevocationReason::password_changed,
                                  "account.password_changed", actor, now));
    TRY(end_earlier_rights(transaction, account));
    TRY(transaction.delete_login_failures(email_digest(account.email_key)));  // they were guesses at the old one
    return account;
}

}  // namespace postern::core

// The life of an account as an administrator directs it, over HTTP (which names accounts by id) and at the command line
// (by address). Each function is a write step on the account that the caller has just read in the same transaction, and
// gives back what the account has become. Doing again what is done is success and changes nothing.
//
// Whatever takes trust away (disable, delete, another role, a new password) raises the security version and revokes
// every session and token in the same transaction; pending links die too, unless it is about roles.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/account_claims.hpp"
#include "core/audit.hpp"
#include "core/new_password.hpp"
#include "core/store.hpp"
#include "core/text.hpp"

namespace postern::core {

struct NewAccount {
    EmailAddress email;
    AccountKind kind = AccountKind::standard;
    bool activated = false;
    bool verified = false;
    bool admin = false;
    std::string password_hash;    // empty: no password yet; an invitation lets its holder choose one
    std::string password_scheme;  // Hasher::scheme() of it
    std::string display_name = {};
    std::string locale = {};
    std::vector<std::string> roles = {};
};

// Writes the account back at the version that was read, and raises it: every change does, so that neither a login in
// flight nor another change can miss it. Errors: conflict "retry", when it changed meanwhile.
Result<Account> save_account(Transaction& transaction, Account account, Timestamp now);

// Saves a change that takes trust away, and ends sessions and tokens with it.
Result<Account> save_and_revoke(Transaction& transaction, Account account, RevocationReason reason,
                                std::string_view event, const Actor& actor, Timestamp now);

// What whoever had the account until now could still get in by: mailed links, and networks that may try past a lock.
// After save_account(), which takes the account's row: a link that is being written at the same time is seen then, or
// comes too late (issue_mail_token()).
Result<void> end_earlier_rights(Transaction& transaction, const Account& account);

// Errors: conflict "account_exists"; those of accept_roles().
Result<Account> create_account(Transaction& transaction, const NewAccount& wanted, const Actor& actor, Timestamp now);

// Errors: not_found "account_unknown".
Result<Account> get_account(Reader& reader, std::string_view email_key);
Result<Account> get_account(Reader& reader, const AccountId& id);

Result<Account> activate_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now);
Result<Account> verify_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now);
// A demo account becomes a standard one; one that may log in still may. One whose address was never proven loses its
// password: an invitation or a reset lets the mailbox's holder choose one.
Result<Account> convert_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now);
// Errors: conflict "last_admin" for the last active administrator.
Result<Account> disable_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now);
Result<Account> enable_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now);
// Errors: conflict "last_admin".
Result<void> delete_account(Transaction& transaction, Account account, const Actor& actor, Timestamp now);

// Grants or takes the administrator's role. Errors: conflict "last_admin".
Result<Account> set_admin(Transaction& transaction, Account account, bool admin, const Actor& actor, Timestamp now);

// At an operator's wish: everything from before ends, failed logins too.
Result<Account> set_password(Transaction& transaction, Account account, const NewPassword& password, const Actor& actor,
                             Timestamp now);

// May log in with the right password, as far as the account is concerned.
bool is_active(const Account& account);

// inactive: not activated, or a demo account that is not verified.
enum class AccountState { active, inactive, disabled };
AccountState state_of(const Account& account);
// Lets only accounts in `state` through.
void narrow(AccountFilter& filter, AccountState state);
std::string_view word(AccountState state);
std::optional<AccountState> parse_account_state(std::string_view word);

}  // namespace postern::core

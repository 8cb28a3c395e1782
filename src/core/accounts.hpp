// The life of an account as an administrator directs it. Each function is a write step.
//
// Whatever takes trust away (disable, delete, loss of the administrator's role) raises the security version and revokes
// every session and token in the same transaction.
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/store.hpp"
#include "core/text.hpp"

namespace postern::core {

struct NewAccount {
    EmailAddress email;
    AccountKind kind = AccountKind::standard;
    bool activated = false;
    bool verified = false;
    bool admin = false;
    std::string password_hash;
};

// Errors: conflict "account_exists".
Result<Account> create_account(Transaction& transaction, const NewAccount& wanted, const Actor& actor, Timestamp now);

// Errors: not_found "account_unknown". The rest say the same of an address without an account.
Result<Account> get_account(Reader& reader, std::string_view email_key);

// Doing again what is done is success.
Result<Account> activate_account(Transaction& transaction, std::string_view email_key, const Actor& actor,
                                 Timestamp now);
Result<Account> verify_account(Transaction& transaction, std::string_view email_key, const Actor& actor, Timestamp now);
// Errors: conflict "last_admin" for the last active administrator.
Result<Account> disable_account(Transaction& transaction, std::string_view email_key, const Actor& actor,
                                Timestamp now);
Result<Account> enable_account(Transaction& transaction, std::string_view email_key, const Actor& actor, Timestamp now);
// Errors: conflict "last_admin".
Result<void> delete_account(Transaction& transaction, std::string_view email_key, const Actor& actor, Timestamp now);

// A new password: everything set up before it ends.
Result<Account> set_password(Transaction& transaction, std::string_view email_key, std::string password_hash,
                             const Actor& actor, Timestamp now);

// May log in with the right password, as far as the account is concerned.
bool is_active(const Account& account);

}  // namespace postern::core

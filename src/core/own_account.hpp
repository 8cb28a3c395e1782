// What people do with their own account: who they are as it stands now, and proving it with the password once more.
//
// The token was checked a moment ago, in memory; a write step asks again in its own transaction, so that a disable, a
// reset or a logout that committed meanwhile wins. For what a stolen token must not be enough for, the password is
// asked again: only confirm_password() makes a Reauthenticated, and the steps that need one take it.
#pragma once

#include "base/result.hpp"
#include "core/access.hpp"
#include "core/login.hpp"

namespace postern::core {

// Errors: unauthenticated "invalid_token" when the account is gone; "token_revoked" when it may not log in any more or
// the session has ended.
Result<Account> get_own_account(Reader& reader, const SignedIn& caller);

class Reauthenticated {
public:
    [[nodiscard]] const SignedIn& caller() const { return caller_; }
    // As it was when the password was compared.
    [[nodiscard]] const Account& account() const { return account_; }

private:
    friend Result<Reauthenticated> confirm_password(const SignedIn& caller, const LoginAttempt& attempt,
                                                    const PasswordCheck& check);
    Reauthenticated(SignedIn caller, Account account) : caller_(std::move(caller)), account_(std::move(account)) {}
    SignedIn caller_;
    Account account_;
};

// After a login's begin_login() and check_password() for the caller's own address. Errors: forbidden "wrong_password";
// not 401, since the token is fine and must not be thrown away.
Result<Reauthenticated> confirm_password(const SignedIn& caller, const LoginAttempt& attempt,
                                         const PasswordCheck& check);

// The account as it stands now, while the password that was confirmed is still its password.
// Errors: those of get_own_account(); forbidden "wrong_password".
Result<Account> get_confirmed_account(Reader& reader, const Reauthenticated& who);

}  // namespace postern::core

#include "core/own_account.hpp"

#include "core/accounts.hpp"

namespace postern::core {
namespace {

Error wrong_password() {
    return forbidden("wrong_password", "The password is wrong");
}

}  // namespace

Result<Account> get_own_account(Reader& reader, const SignedIn& caller) {
    auto account = TRY(reader.find_account(caller.account()));
    if (!account.has_value()) return unauthenticated("invalid_token", "The account of this token no longer exists");
    const auto session = TRY(reader.find_session(caller.session()));
    if (!is_active(*account) || !session.has_value() || session->ended_at.has_value()) {
        return unauthenticated("token_revoked", "The token has been revoked");
    }
    return std::move(*account);
}

Result<Reauthenticated> confirm_password(const SignedIn& caller, const LoginAttempt& attempt,
                                         const PasswordCheck& check) {
    if (!attempt.account.has_value() || attempt.account->id != caller.account() || !check.matches) {
        return wrong_password();
    }
    return Reauthenticated(caller, *attempt.account);
}

Result<Account> get_confirmed_account(Reader& reader, const Reauthenticated& who) {
    auto account = TRY(get_own_account(reader, who.caller()));
    // A login that rehashes it meanwhile leaves the version as it is; a new password never does.
    const bool unchanged = account.security_version == who.account().security_version ||
                           account.password_hash == who.account().password_hash;
    if (!unchanged) return wrong_password();
    return account;
}

}  // namespace postern::core

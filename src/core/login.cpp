#include "core/login.hpp"

#include "core/accounts.hpp"
#include "core/throttle.hpp"

namespace postern::core {
namespace {

Error invalid_credentials() {
    return unauthenticated("invalid_credentials", "Invalid email or password");
}

Result<void> admit_account(const Account& account) {
    if (account.disabled_at.has_value()) return unauthenticated("account_not_activated", "Account is not activated");
    if (account.kind == AccountKind::demo && !account.email_verified_at.has_value()) {
        return forbidden("email_not_verified", "Email is not verified");
    }
    if (!is_active(account)) return unauthenticated("account_not_activated", "Account is not activated");
    return {};
}

bool has_password(const LoginAttempt& attempt) {
    return attempt.account.has_value() && !attempt.account->password_hash.empty();
}

// The row is written only when it changes something: mostly people come from where they came from last.
Result<void> note_success(Transaction& transaction, const LoginAttempt& attempt, Timestamp now) {
    if (attempt.had_failures) TRY(transaction.delete_login_failures(attempt.email_digest));
    const auto& known = attempt.known_networks;
    if (attempt.network.empty() || (!known.empty() && known.front() == attempt.network)) return {};
    return transaction.note_known_network(attempt.account->id, attempt.network, now);
}

// The account as it stands now, if the password that was checked is still its password and it may still log in.
Result<Account> read_again(Transaction& transaction, const Account& account) {
    auto current = TRY(transaction.find_account(account.id));
    if (!current.has_value() || current->password_hash != account.password_hash) return invalid_credentials();
    TRY(admit_account(*current));
    return std::move(*current);
}

}  // namespace

Result<LoginAttempt> begin_login(Reader& reader, const Hasher& hasher, std::string_view email_key) {
    LoginAttempt attempt{.account = TRY(reader.find_account_by_email(email_key)), .hash = ""};
    attempt.hash = has_password(attempt) ? attempt.account->password_hash : std::string(hasher.dummy());
    attempt.email_digest = email_digest(email_key);
    attempt.failures = TRY(reader.find_login_failures(attempt.email_digest));
    attempt.had_failures = attempt.failures.has_value();
    // Asked for an unknown address too, so that both cost the same.
    const AccountId account = attempt.account.has_value() ? attempt.account->id : AccountId{};
    attempt.known_networks = TRY(reader.list_known_networks(account));
    return attempt;
}

Result<PasswordCheck> check_password(const Hasher& hasher, const Text& text, const LoginAttempt& attempt,
                                     const SecretString& password) {
    const auto prepared = text.prepare_password(password);
    const bool has_two_forms = prepared.has_value() && prepared->reveal() != password.reveal();
    const bool raw_fits = TRY(hasher.verify(attempt.hash, password));
    const bool prepared_fits = has_two_forms ? TRY(hasher.verify(attempt.hash, *prepared)) : raw_fits;
    PasswordCheck check;
    check.hashes = has_two_forms ? 2 : 1;
    check.matches = (raw_fits || prepared_fits) && has_password(attempt);
    // What cannot be prepared goes on fitting the hash that was imported, and nothing else.
    if (check.matches && prepared.has_value() && hasher.needs_rehash(attempt.hash)) {
        check.new_hash = TRY(hasher.hash(*prepared));
        check.new_scheme = hasher.scheme(*check.new_hash);
    }
    return check;
}

Result<void> admit(const LoginAttempt& attempt, const PasswordCheck& check) {
    if (!attempt.account.has_value() || !check.matches) return invalid_credentials();
    return admit_account(*attempt.account);
}

Result<TokenPair> finish_login(Transaction& transaction, const LoginAttempt& attempt, const PasswordCheck& check,
                               bool permanent, const Actor& actor, const TokenPolicy& policy,
                               std::string_view access_kid, Timestamp now) {
    TRY(admit(attempt, check));
    Account account = *attempt.account;
    bool taken = TRY(transaction.update_last_login(account.id, account.security_version, now));
    if (!taken) {
        account = TRY(read_again(transaction, account));
        taken = TRY(transaction.update_last_login(account.id, account.security_version, now));
    }
    if (!taken) return conflict("retry", "The account changed while it was logging in");
    if (check.new_hash.has_value()) {
        account.password_hash = *check.new_hash;
        account.password_scheme = check.new_scheme;
        account.last_login_at = now;
        TRY(transaction.update_account(account, account.security_version));
    }
    TRY(note_success(transaction, attempt, now));
    auto pair = TRY(open_session(transaction, account, permanent, actor, policy, access_kid, now));
    const Actor who{account.id.text(), actor.address, actor.user_agent};
    TRY(record(transaction, "login", who, {account.id, pair.access.session_id}, "success", now));
    return pair;
}

}  // namespace postern::core

// Login, as three steps: read the account, check the password on the hash lane, write.
//
// Between the read and the write the world goes on. The write takes the account's row only at the security version
// that was read, so that a disable or a reset that commits while the password was being hashed wins.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/hasher.hpp"
#include "core/sessions.hpp"
#include "core/store.hpp"

namespace postern::core {

struct LoginAttempt {
    std::optional<Account> account;  // nothing for an unknown address
    // What to check the password against: the account's hash, or the dummy, so that both cost the same.
    std::string hash;
};

Result<LoginAttempt> begin_login(Reader& reader, const Hasher& hasher, std::string_view email_key);

// What the hash lane found out.
struct PasswordCheck {
    bool matches = false;
    std::optional<std::string> new_hash;  // set when it matches and the parameters have risen since
    std::string new_scheme = {};          // Hasher::scheme() of it
};

Result<PasswordCheck> check_password(const Hasher& hasher, const LoginAttempt& attempt, const SecretString& password);

// Status and wording that tell of an account appear only after the right password. Errors, in this order:
// unauthenticated "invalid_credentials"; unauthenticated "account_not_activated" (also when disabled);
// forbidden "email_not_verified".
Result<void> admit(const LoginAttempt& attempt, const PasswordCheck& check);

// Only after admit(). Errors: the same, when the account changed meanwhile.
Result<TokenPair> finish_login(Transaction& transaction, const LoginAttempt& attempt, const PasswordCheck& check,
                               bool permanent, const Actor& actor, const TokenPolicy& policy,
                               std::string_view access_kid, Timestamp now);

}  // namespace postern::core

// Login, as three steps: read the account, check the password on the hash lane, write.
//
// Between the read and the write the world goes on. The write takes the account's row only at the security version
// that was read, so that a disable or a reset that commits while the password was being hashed wins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/hasher.hpp"
#include "core/sessions.hpp"
#include "core/store.hpp"
#include "core/text.hpp"

namespace postern::core {

struct LoginAttempt {
    std::optional<Account> account;  // nothing for an unknown address
    // What to check the password against: the account's hash, or the dummy, so that both cost the same.
    std::string hash;
    std::vector<std::uint8_t> email_digest = {};   // LoginFailures::email_digest of the address
    std::optional<LoginFailures> failures = {};    // what the store has of them
    std::vector<std::string> known_networks = {};  // that logged in to the account
    // Noted as known when the login succeeds; begin_login() leaves it empty, and then nothing is noted.
    std::string network = {};
    // Failures may wait to be forgotten when the login succeeds, in the store or on their way to it; see throttle.hpp.
    bool had_failures = false;
};

Result<LoginAttempt> begin_login(Reader& reader, const Hasher& hasher, std::string_view email_key);

// What the hash lane found out.
struct PasswordCheck {
    bool matches = false;
    std::optional<std::string> new_hash;  // set when it matches and the parameters have risen since
    std::string new_scheme = {};          // Hasher::scheme() of it
    int hashes = 1;                       // how many it took: one for each form of the password
};

// Tries the password as it was typed and, where that is something else, as it is prepared for our own hashes: hashes
// that were imported are of the one or the other. Both are tried whatever the first gives, and for every account, so
// that the time tells nothing. On the hash lane: normalising a stranger's text costs time too.
Result<PasswordCheck> check_password(const Hasher& hasher, const Text& text, const LoginAttempt& attempt,
                                     const SecretString& password);

// Status and wording that tell of an account appear only after the right password. Errors, in this order:
// unauthenticated "invalid_credentials"; unauthenticated "account_not_activated" (also when disabled);
// forbidden "email_not_verified".
Result<void> admit(const LoginAttempt& attempt, const PasswordCheck& check);

// Only after admit(). Errors: the same, when the account changed meanwhile.
Result<TokenPair> finish_login(Transaction& transaction, const LoginAttempt& attempt, const PasswordCheck& check,
                               bool permanent, const Actor& actor, const TokenPolicy& policy,
                               std::string_view access_kid, Timestamp now);

}  // namespace postern::core

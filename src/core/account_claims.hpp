// What an account's tokens say of it besides who it is: roles, scopes, and claims of its own. Each change ends the
// account's sessions and tokens, since those say what was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/store.hpp"

namespace postern::core {

// Roles as Account keeps them: sorted, each once. Errors: invalid_input "invalid_role", "too_many_roles".
Result<std::vector<std::string>> accept_roles(std::vector<std::string> wanted);

// The text of a JSON object as Account keeps it: compact; empty when it has no members. Errors: invalid_input
// "invalid_claims" for what is no JSON object or has a name that is not 1 to limits::claim_name_bytes of printable
// ASCII, "duplicate_field", "reserved_claim" for a name that is ours or a standard's (in any letter case),
// "claims_too_large" past limits::custom_claims_bytes.
Result<std::string> accept_custom_claims(std::string_view text);

// Roles, scopes and claims together: a token must not become too large to be sent. Errors: invalid_input
// "claims_too_large".
Result<void> check_claims_size(const Account& account);

// Write steps, as those in accounts.hpp. Errors: those above, and those of accept_scopes().
Result<Account> set_roles(Transaction& transaction, Account account, const std::vector<std::string>& roles,
                          const Actor& actor, Timestamp now);
Result<Account> set_scopes(Transaction& transaction, Account account, const std::vector<std::string>& scopes,
                           const Actor& actor, Timestamp now);
Result<Account> set_custom_claims(Transaction& transaction, Account account, std::string_view claims,
                                  const Actor& actor, Timestamp now);

}  // namespace postern::core

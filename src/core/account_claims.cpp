#include "core/account_claims.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/encoding.hpp"
#include "base/json_members.hpp"
#include "base/limits.hpp"
#include "core/accounts.hpp"
#include "core/claims.hpp"
#include "core/scopes.hpp"

namespace postern::core {
namespace {

Result<void> check_claim_name(const std::string& name) {
    const auto fits = [](char c) { return c > ' ' && c <= '~'; };
    if (name.empty() || name.size() > limits::claim_name_bytes || !std::ranges::all_of(name, fits)) {
        return invalid_input("invalid_claims", "The claim name " + quote_for_message(name) + " is not 1 to " +
                                                   std::to_string(limits::claim_name_bytes) +
                                                   " characters of printable ASCII without space");
    }
    // In any letter case: not everybody who reads tokens tells them apart.
    if (is_reserved_claim(to_lower_ascii(name))) {
        return invalid_input("reserved_claim", "The claim " + quote_for_message(name) +
                                                   " is Postern's or a standard's; choose another name for it");
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> accept_roles(std::vector<std::string> wanted) {
    auto roles = TRY(accept_words(std::move(wanted), "role", limits::role_bytes));
    if (roles.size() > limits::roles_per_account) {
        return invalid_input("too_many_roles",
                             "An account has " + std::to_string(limits::roles_per_account) + " roles at most");
    }
    return roles;
}

Result<std::string> accept_custom_claims(std::string_view text) {
    auto read = read_json_members(text);
    if (!read.has_value() && read.error().code == "duplicate_field") return std::move(read.error());
    if (!read.has_value()) {
        return invalid_input("invalid_claims", "The claims are no JSON object: " + read.error().message);
    }
    for (const std::string& name : read->names) TRY(check_claim_name(name));
    if (read->names.empty()) return std::string();
    if (read->text.size() > limits::custom_claims_bytes) {
        return invalid_input("claims_too_large", "The claims take " + std::to_string(read->text.size()) +
                                                     " bytes; an account's own may have " +
                                                     std::to_string(limits::custom_claims_bytes));
    }
    return std::move(read->text);
}

Result<void> check_claims_size(const Account& account) {
    const std::size_t bytes =
        bytes_in_token(account.roles) + bytes_in_token(account.scopes) + account.custom_claims.size();
    if (bytes <= limits::account_claims_bytes) return {};
    return invalid_input("claims_too_large", "Roles, scopes and claims would take " + std::to_string(bytes) +
                                                 " bytes of each token; together they may have " +
                                                 std::to_string(limits::account_claims_bytes));
}

Result<Account> set_roles(Transaction& transaction, Account account, const std::vector<std::string>& roles,
                          const Actor& actor, Timestamp now) {
    auto accepted = TRY(accept_roles(roles));
    if (account.roles == accepted) return account;
    account.roles = std::move(accepted);
    TRY(check_claims_size(account));
    return save_and_revoke(transaction, std::move(account), RevocationReason::role_changed, "account.roles_changed",
                           actor, now);
}

Result<Account> set_scopes(Transaction& transaction, Account account, const std::vector<std::string>& scopes,
                           const Actor& actor, Timestamp now) {
    auto accepted = TRY(accept_scopes(scopes));
    if (account.scopes == accepted) return account;
    account.scopes = std::move(accepted);
    TRY(check_claims_size(account));
    return save_and_revoke(transaction, std::move(account), RevocationReason::claims_changed, "account.scopes_changed",
                           actor, now);
}

Result<Account> set_custom_claims(Transaction& transaction, Account account, std::string_view claims,
                                  const Actor& actor, Timestamp now) {
    auto accepted = TRY(accept_custom_claims(claims));
    if (account.custom_claims == accepted) return account;
    account.custom_claims = std::move(accepted);
    TRY(check_claims_size(account));
    return save_and_revoke(transaction, std::move(account), RevocationReason::claims_changed, "account.claims_changed",
                           actor, now);
}

}  // namespace postern::core

// The columns of an account, for accounts.cpp and account_batches.cpp.
#pragma once

#include "core/records.hpp"
#include "store/columns.hpp"

#define ACCOUNT_COLUMNS                                                                                               \
    "id, email_key, email, kind, admin, password_hash, password_scheme, display_name, locale, roles, "                \
    "scopes, custom_claims, security_version, created_at, updated_at, activated_at, email_verified_at, disabled_at, " \
    "last_login_at"

namespace postern::store {

// In the order of ACCOUNT_COLUMNS.
inline auto account_values(const core::Account& account) {
    return values(account.id, account.email_key, account.email, core::word(account.kind), account.admin,
                  account.password_hash, account.password_scheme, account.display_name, account.locale,
                  core::join_words(account.roles), core::join_words(account.scopes), account.custom_claims,
                  account.security_version, account.created_at, account.updated_at, account.activated_at,
                  account.email_verified_at, account.disabled_at, account.last_login_at);
}

}  // namespace postern::store

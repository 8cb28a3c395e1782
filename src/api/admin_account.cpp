#include "api/admin_account.hpp"

namespace postern::api::admin {

Result<core::Account> account_of_path(core::Reader& reader, const http::Request& request) {
    const auto id = TRY(get_path_id<core::AccountId>(request, "account_unknown", "account"));
    return core::get_account(reader, id);
}

AccountMessage describe_account(const core::Account& account) {
    AccountMessage message{.id = account.id,
                           .email = account.email,
                           .kind = account.kind,
                           .state = core::state_of(account),
                           .admin = account.admin,
                           .roles = {account.roles},
                           .scopes = {account.scopes},
                           .claims = {account.custom_claims.empty() ? "{}" : account.custom_claims},
                           .display_name = account.display_name,
                           .locale = account.locale,
                           .password_scheme = std::nullopt,
                           .created_at = account.created_at,
                           .updated_at = account.updated_at,
                           .activated_at = account.activated_at,
                           .email_verified_at = account.email_verified_at,
                           .disabled_at = account.disabled_at,
                           .last_login_at = account.last_login_at,
                           .locked_until = std::nullopt};
    if (!account.password_hash.empty()) message.password_scheme = account.password_scheme;
    return message;
}

}  // namespace postern::api::admin

// The map of the administration: what only an administrator may do, under a base path of its own.
//
// Nothing here sets a password: an administrator who could would be able to act as anybody. An account that cannot log
// in gets an invitation, or a reset, by mail.
#pragma once

#include <string_view>
#include <vector>

#include "api/endpoint.hpp"

namespace postern::api::admin {

inline constexpr std::string_view base_path = "/admin/v1";

// The endpoints under it.
std::vector<Endpoint> endpoints();

// admin_accounts.cpp
FlowResult list_accounts(const Service& service, const http::Request& request);
Facts describe_list_accounts();
FlowResult create_account(const Service& service, const http::Request& request);
Facts describe_create_account();
FlowResult show_account(const Service& service, const http::Request& request);
Facts describe_show_account();
FlowResult delete_account(const Service& service, const http::Request& request);
Facts describe_delete_account();
// admin_account_changes.cpp
FlowResult invite_account(const Service& service, const http::Request& request);
Facts describe_invite_account();
FlowResult activate_account(const Service& service, const http::Request& request);
Facts describe_activate_account();
FlowResult verify_account(const Service& service, const http::Request& request);
Facts describe_verify_account();
FlowResult disable_account(const Service& service, const http::Request& request);
Facts describe_disable_account();
FlowResult enable_account(const Service& service, const http::Request& request);
Facts describe_enable_account();
FlowResult convert_account(const Service& service, const http::Request& request);
Facts describe_convert_account();
FlowResult start_password_reset(const Service& service, const http::Request& request);
Facts describe_start_password_reset();
FlowResult set_roles(const Service& service, const http::Request& request);
Facts describe_set_roles();
FlowResult set_scopes(const Service& service, const http::Request& request);
Facts describe_set_scopes();
FlowResult set_claims(const Service& service, const http::Request& request);
Facts describe_set_claims();
// admin_sessions.cpp
FlowResult list_account_sessions(const Service& service, const http::Request& request);
Facts describe_list_account_sessions();
FlowResult end_account_sessions(const Service& service, const http::Request& request);
Facts describe_end_account_sessions();
FlowResult show_session(const Service& service, const http::Request& request);
Facts describe_show_session();
FlowResult end_session(const Service& service, const http::Request& request);
Facts describe_end_session();
// admin_clients.cpp
FlowResult list_clients(const Service& service, const http::Request& request);
Facts describe_list_clients();
FlowResult create_client(const Service& service, const http::Request& request);
Facts describe_create_client();
FlowResult show_client(const Service& service, const http::Request& request);
Facts describe_show_client();
FlowResult change_client(const Service& service, const http::Request& request);
Facts describe_change_client();
FlowResult renew_client_secret(const Service& service, const http::Request& request);
Facts describe_renew_client_secret();
FlowResult disable_client(const Service& service, const http::Request& request);
Facts describe_disable_client();
FlowResult enable_client(const Service& service, const http::Request& request);
Facts describe_enable_client();
FlowResult delete_client(const Service& service, const http::Request& request);
Facts describe_delete_client();
// admin_keys.cpp
FlowResult list_keys(const Service& service, const http::Request& request);
Facts describe_list_keys();
FlowResult rotate_keys(const Service& service, const http::Request& request);
Facts describe_rotate_keys();
FlowResult revoke_key(const Service& service, const http::Request& request);
Facts describe_revoke_key();
// admin_audit.cpp
FlowResult list_audit(const Service& service, const http::Request& request);
Facts describe_list_audit();
// admin_outbox.cpp
FlowResult list_outbox(const Service& service, const http::Request& request);
Facts describe_list_outbox();
FlowResult retry_outbox(const Service& service, const http::Request& request);
Facts describe_retry_outbox();
FlowResult delete_outbox(const Service& service, const http::Request& request);
Facts describe_delete_outbox();
// admin_throttle.cpp
FlowResult show_throttle(const Service& service, const http::Request& request);
Facts describe_show_throttle();
// admin_throttle.cpp
FlowResult lift_lockout(const Service& service, const http::Request& request);
Facts describe_lift_lockout();

}  // namespace postern::api::admin

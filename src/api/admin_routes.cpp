#include "api/admin_routes.hpp"

namespace postern::api::admin {

using http::Method;

std::vector<Endpoint> endpoints() {
    return {
        {Method::get, "/accounts", list_accounts, describe_list_accounts()},
        {Method::post, "/accounts", create_account, describe_create_account()},
        {Method::get, "/accounts/{id}", show_account, describe_show_account()},
        {Method::delete_, "/accounts/{id}", delete_account, describe_delete_account()},
        {Method::post, "/accounts/{id}/invite", invite_account, describe_invite_account()},
        {Method::post, "/accounts/{id}/activate", activate_account, describe_activate_account()},
        {Method::post, "/accounts/{id}/verify", verify_account, describe_verify_account()},
        {Method::post, "/accounts/{id}/disable", disable_account, describe_disable_account()},
        {Method::post, "/accounts/{id}/enable", enable_account, describe_enable_account()},
        {Method::post, "/accounts/{id}/convert", convert_account, describe_convert_account()},
        {Method::post, "/accounts/{id}/password-reset", start_password_reset, describe_start_password_reset()},
        {Method::put, "/accounts/{id}/roles", set_roles, describe_set_roles()},
        {Method::put, "/accounts/{id}/scopes", set_scopes, describe_set_scopes()},
        {Method::put, "/accounts/{id}/claims", set_claims, describe_set_claims()},
        {Method::get, "/accounts/{id}/sessions", list_account_sessions, describe_list_account_sessions()},
        {Method::delete_, "/accounts/{id}/sessions", end_account_sessions, describe_end_account_sessions()},
        {Method::delete_, "/accounts/{id}/lockout", lift_lockout, describe_lift_lockout()},
        {Method::get, "/sessions/{id}", show_session, describe_show_session()},
        {Method::delete_, "/sessions/{id}", end_session, describe_end_session()},
        {Method::get, "/clients", list_clients, describe_list_clients()},
        {Method::post, "/clients", create_client, describe_create_client()},
        {Method::get, "/clients/{id}", show_client, describe_show_client()},
        {Method::patch, "/clients/{id}", change_client, describe_change_client()},
        {Method::delete_, "/clients/{id}", delete_client, describe_delete_client()},
        {Method::post, "/clients/{id}/secret", renew_client_secret, describe_renew_client_secret()},
        {Method::post, "/clients/{id}/disable", disable_client, describe_disable_client()},
        {Method::post, "/clients/{id}/enable", enable_client, describe_enable_client()},
        {Method::get, "/keys", list_keys, describe_list_keys()},
        {Method::post, "/keys/rotate", rotate_keys, describe_rotate_keys()},
        {Method::post, "/keys/{kid}/revoke", revoke_key, describe_revoke_key()},
        {Method::get, "/audit", list_audit, describe_list_audit()},
        {Method::get, "/outbox", list_outbox, describe_list_outbox()},
        {Method::post, "/outbox/{id}/retry", retry_outbox, describe_retry_outbox()},
        {Method::delete_, "/outbox/{id}", delete_outbox, describe_delete_outbox()},
        {Method::get, "/throttle", show_throttle, describe_show_throttle()},
    };
}

}  // namespace postern::api::admin

// The map of endpoints.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/endpoint.hpp"
#include "api/service.hpp"
#include "http/router.hpp"

namespace postern::api {

// Adds every endpoint. `service` must outlive the router.
void add_routes(http::Router& router, const Service& service);

// The endpoints under the base path that the document describes.
std::vector<Endpoint> endpoints();

// One flow to a file of its name; each says what it takes and gives.
std::optional<http::Response> refuse_stranger(const Service& service, const http::Request& request);
FlowResult log_in(const Service& service, const http::Request& request);
Facts describe_log_in();
FlowResult refresh(const Service& service, const http::Request& request);
Facts describe_refresh();
FlowResult revoke_access(const Service& service, const http::Request& request);
Facts describe_revoke_access();
FlowResult revoke_refresh(const Service& service, const http::Request& request);
Facts describe_revoke_refresh();
std::optional<http::Response> verify_from_memory(const Service& service, const http::Request& request);
FlowResult verify(const Service& service, const http::Request& request);
Facts describe_verify();
FlowResult me(const Service& service, const http::Request& request);
Facts describe_me();
FlowResult sign_up(const Service& service, const http::Request& request);
Facts describe_sign_up();
FlowResult verify_email(const Service& service, const http::Request& request);
Facts describe_verify_email();
FlowResult resend_verification(const Service& service, const http::Request& request);
Facts describe_resend_verification();
FlowResult forgot_password(const Service& service, const http::Request& request);
Facts describe_forgot_password();
FlowResult reset_password(const Service& service, const http::Request& request);
Facts describe_reset_password();
FlowResult accept_invitation(const Service& service, const http::Request& request);
Facts describe_accept_invitation();
FlowResult change_password(const Service& service, const http::Request& request);
Facts describe_change_password();
FlowResult change_email(const Service& service, const http::Request& request);
Facts describe_change_email();
FlowResult confirm_email(const Service& service, const http::Request& request);
Facts describe_confirm_email();
FlowResult change_me(const Service& service, const http::Request& request);
Facts describe_change_me();
FlowResult delete_me(const Service& service, const http::Request& request);
Facts describe_delete_me();
FlowResult list_sessions(const Service& service, const http::Request& request);
Facts describe_list_sessions();
FlowResult end_session(const Service& service, const http::Request& request);
Facts describe_end_session();
FlowResult end_other_sessions(const Service& service, const http::Request& request);
Facts describe_end_other_sessions();
FlowResult revocations(const Service& service, const http::Request& request);
Facts describe_revocations();
FlowResult log_out(const Service& service, const http::Request& request);
Facts describe_log_out();

// Answers from memory, for machines: the keys, the status lists, and how the server is.
http::Response jwks(const Service& service, const http::Request& request);
http::Response status_list(const Service& service, const http::Request& request);
http::Response status_lists(const Service& service, const http::Request& request);
http::Response healthz(const Service& service, const http::Request& request);
http::Response readyz(const Service& service, const http::Request& request);
http::Response metrics(const Service& service, const http::Request& request);

}  // namespace postern::api

#include "api/routes.hpp"

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/document.hpp"
#include "api/link_pages.hpp"
#include "api/oauth_routes.hpp"

namespace postern::api {
namespace {

using http::Method;
using InlineFlow = http::Response (*)(const Service&, const http::Request&);

using ErrorAnswer = http::Response (*)(const Error&, const http::Request&);

boost::asio::awaitable<http::Response> answer_flow(Flow flow, ErrorAnswer answer_with, const Service& service,
                                                   const http::Request& request) {
    auto outcome = co_await flow(service, request);
    if (!outcome.has_value()) co_return answer_with(outcome.error(), request);
    co_return std::move(*outcome);
}

http::AsyncHandler run(const Service& service, Flow flow, ErrorAnswer answer_with) {
    return [&service, flow, answer_with](const http::Request& request) {
        return answer_flow(flow, answer_with, service, request);
    };
}

http::Handler handler_of(const Service& service, const Endpoint& endpoint, ErrorAnswer answer_with = answer_error) {
    auto flow = run(service, endpoint.flow, answer_with);
    if (endpoint.from_memory == nullptr) return flow;
    return http::MemoryFirstHandler{[&service, from_memory = endpoint.from_memory](const http::Request& request) {
                                        return from_memory(service, request);
                                    },
                                    std::move(flow)};
}

http::InlineHandler run_inline(const Service& service, InlineFlow flow) {
    return [&service, flow](const http::Request& request) { return flow(service, request); };
}

http::InlineHandler serve_document(const std::vector<Endpoint>& endpoints, const Interface& interface) {
    auto document = std::make_shared<const std::string>(openapi_document(endpoints, interface));
    return [document](const http::Request& request) { return answer_public_json(request, *document); };
}

// The endpoints and their document.
void add_interface(http::Router& router, const Service& service, const std::vector<Endpoint>& endpoints,
                   const std::string& base_path, Interface interface, ErrorAnswer answer_with = answer_error) {
    for (const Endpoint& endpoint : endpoints) {
        router.add(endpoint.method, base_path + std::string(endpoint.path), handler_of(service, endpoint, answer_with));
    }
    interface.server_url = service.public_url + base_path;
    interface.version = service.version;
    router.add(Method::get, base_path + "/openapi.json", serve_document(endpoints, interface));
}

}  // namespace

std::vector<Endpoint> endpoints() {
    return {
        {Method::post, "/token", log_in, describe_log_in(), refuse_stranger},
        {Method::post, "/refresh", refresh, describe_refresh()},
        {Method::delete_, "/revoke_access", revoke_access, describe_revoke_access()},
        {Method::delete_, "/revoke_refresh", revoke_refresh, describe_revoke_refresh()},
        {Method::get, "/verify", verify, describe_verify(), verify_from_memory},
        {Method::get, "/me", me, describe_me()},
        {Method::patch, "/me", change_me, describe_change_me()},
        {Method::delete_, "/me", delete_me, describe_delete_me()},
        {Method::post, "/signup", sign_up, describe_sign_up()},
        {Method::post, "/email/verify", verify_email, describe_verify_email()},
        {Method::post, "/email/verify/resend", resend_verification, describe_resend_verification()},
        {Method::post, "/email/change", change_email, describe_change_email()},
        {Method::post, "/email/confirm", confirm_email, describe_confirm_email()},
        {Method::post, "/password/forgot", forgot_password, describe_forgot_password()},
        {Method::post, "/password/reset", reset_password, describe_reset_password()},
        {Method::post, "/password/change", change_password, describe_change_password()},
        {Method::post, "/invitation/accept", accept_invitation, describe_accept_invitation()},
        {Method::get, "/sessions", list_sessions, describe_list_sessions()},
        {Method::delete_, "/sessions", end_other_sessions, describe_end_other_sessions()},
        {Method::delete_, "/sessions/{id}", end_session, describe_end_session()},
        {Method::post, "/logout", log_out, describe_log_out()},
        {Method::get, "/revocations", revocations, describe_revocations()},
    };
}

void add_routes(http::Router& router, const Service& service) {
    add_interface(
        router, service, endpoints(), service.base_path,
        {.title = "Authentication API", .tag = "Authentication", .description = "Log in, refresh, and revoke"});
    // Envoy, and Traefik when it is told to, ask with the method of the request that they hold back.
    for (const Method method : {Method::post, Method::put, Method::patch, Method::delete_, Method::options}) {
        router.add(method, service.base_path + "/verify",
                   handler_of(service, {.flow = verify, .from_memory = verify_from_memory}));
    }
    add_interface(
        router, service, admin::endpoints(), std::string(admin::base_path),
        {.title = "Administration API", .tag = "Administration", .description = "For administrators of this server"});
    add_interface(
        router, service, oauth::endpoints(), std::string(oauth::base_path),
        {.title = "OAuth API", .tag = "OAuth", .description = "For clients and libraries that speak OAuth 2.0"},
        oauth::answer_error);
    const std::string metadata_path = oauth::metadata_path(service.token_policy.issuer);
    router.add(Method::get, metadata_path, run_inline(service, oauth::metadata));
    // A proxy that serves the issuer's path may leave it out.
    if (const std::string plain = oauth::metadata_path(""); plain != metadata_path) {
        router.add(Method::get, plain, run_inline(service, oauth::metadata));
    }
    router.add(Method::get, "/.well-known/jwks.json", run_inline(service, jwks));
    router.add(Method::get, "/status-lists", run_inline(service, status_lists));
    router.add(Method::get, "/status-lists/{id}", run_inline(service, status_list));
    router.add(Method::get, "/healthz", run_inline(service, healthz));
    router.add(Method::get, "/readyz", run_inline(service, readyz));
    if (service.serves_pages) add_link_pages(router, service);
    if (service.metrics_text) router.add(Method::get, "/metrics", run_inline(service, metrics));
}

}  // namespace postern::api

#include "api/routes.hpp"

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "api/answer.hpp"
#include "api/document.hpp"

namespace postern::api {
namespace {

using http::Method;
using InlineFlow = http::Response (*)(const Service&, const http::Request&);

boost::asio::awaitable<http::Response> answer_flow(Flow flow, const Service& service, const http::Request& request) {
    auto outcome = co_await flow(service, request);
    if (!outcome.has_value()) co_return answer_error(outcome.error(), request);
    co_return std::move(*outcome);
}

http::AsyncHandler run(const Service& service, Flow flow) {
    return [&service, flow](const http::Request& request) { return answer_flow(flow, service, request); };
}

http::InlineHandler run_inline(const Service& service, InlineFlow flow) {
    return [&service, flow](const http::Request& request) { return flow(service, request); };
}

http::InlineHandler serve_document(const Service& service) {
    const std::string server_url = service.public_url + service.base_path;
    auto document = std::make_shared<const std::string>(openapi_document(endpoints(), server_url, service.version));
    return [document](const http::Request& request) { return answer_public_json(request, *document); };
}

}  // namespace

std::vector<Endpoint> endpoints() {
    return {
        {Method::post, "/token", log_in, describe_log_in()},
        {Method::post, "/refresh", refresh, describe_refresh()},
        {Method::delete_, "/revoke_access", revoke_access, describe_revoke_access()},
        {Method::delete_, "/revoke_refresh", revoke_refresh, describe_revoke_refresh()},
        {Method::get, "/me", me, describe_me()},
    };
}

void add_routes(http::Router& router, const Service& service) {
    for (const Endpoint& endpoint : endpoints()) {
        router.add(endpoint.method, service.base_path + std::string(endpoint.path), run(service, endpoint.flow));
    }
    router.add(Method::get, service.base_path + "/openapi.json", serve_document(service));
    router.add(Method::get, "/.well-known/jwks.json", run_inline(service, jwks));
    router.add(Method::get, "/healthz", run_inline(service, healthz));
    router.add(Method::get, "/readyz", run_inline(service, readyz));
    if (service.metrics_text) router.add(Method::get, "/metrics", run_inline(service, metrics));
}

}  // namespace postern::api

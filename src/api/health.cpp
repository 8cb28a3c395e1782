// How the server is, for the machines that watch it.
#include "api/answer.hpp"
#include "api/messages.hpp"
#include "api/routes.hpp"

namespace postern::api {

// The process lives and its event loop turns; nothing else is asked, so that a slow store does not get it killed.
http::Response healthz(const Service&, const http::Request&) {
    return answer(HealthResponse{"ok"});
}

// Whether requests should be sent here: there are keys to sign with, and the revocations known here are recent.
http::Response readyz(const Service& service, const http::Request& request) {
    std::string missing;
    if (!service.signer.access_kid().has_value()) missing = "there is no active signing key";
    if (!service.store.revocations().is_fresh()) missing = "the revocations known here are too old";
    if (missing.empty()) return answer(HealthResponse{"ready"});
    return answer_error(Error{ErrorKind::overloaded, "not_ready", "Not ready: " + missing, std::chrono::seconds(1)},
                        request);
}

http::Response metrics(const Service& service, const http::Request&) {
    http::Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = service.metrics_text();
    return response;
}

}  // namespace postern::api

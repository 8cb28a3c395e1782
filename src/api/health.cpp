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
http::Response readyz(const Service& service, const http::Request&) {
    std::string missing;
    if (!service.signer.access_kid().has_value()) missing = "there is no active signing key";
    if (!service.key_updater.is_current()) missing = "the signing keys of the database cannot be had; see the log";
    if (!service.store.revocations().is_fresh()) missing = "the revocations known here are too old";
    if (missing.empty()) return answer(HealthResponse{"ready"});
    auto response = http::error_response(503, "not_ready", "Not ready: " + missing);
    response.with("Cache-Control", "no-store").with("Retry-After", "1");
    return response;
}

http::Response metrics(const Service& service, const http::Request&) {
    http::Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = service.metrics_text();
    return response;
}

}  // namespace postern::api

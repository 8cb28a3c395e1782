#include "http/exchange.hpp"

#include "base/log.hpp"
#include "base/secret.hpp"
#include "http/dispatch.hpp"
#include "http/response_writer.hpp"

namespace postern::http {
namespace {

// The largest body and the largest answer whose memory an idle connection keeps.
constexpr std::size_t kept_bytes = 4096;

}  // namespace

Exchange::Exchange(Shard& shard, Shared& shared, const AddressBytes& peer, bool over_tls)
    : shard_(shard),
      shared_(shared),
      peer_(peer),
      peer_text_(format_address(peer)),
      peer_is_trusted_(shared.proxies.trusts(peer)),
      over_tls_(over_tls) {}

void Exchange::identify() {
    const std::string_view sent_id = acceptable_request_id(request);
    if (sent_id.empty()) {
        shard_.write_request_id(request.request_id);
    } else {
        request.request_id = sent_id;
    }
    request.client_address = peer_is_trusted_ ? shared_.proxies.client_address(peer_, request) : peer_text_;
}

void Exchange::frame(Response& response, bool keep_alive, bool http_1_0) {
    out.clear();
    const ResponseFraming framing{.head = request.method == Method::head,
                                  .keep_alive = keep_alive,
                                  .http_1_0 = http_1_0,
                                  .security_headers = shared_.options.security_headers,
                                  .tls = over_tls_,
                                  .date_line = shard_.date_line.now(),
                                  .request_id = request.request_id};
    append_response(out, response, framing);
    sent_bytes_ = out.size();
    wipe(response.body.data(), response.body.size());
}

void Exchange::record(const Router::Match& match, int status) const {
    count(match, status);
    write_log(match, status);
}

void Exchange::count(const Router::Match& match, int status) const {
    shared_.metrics.count({.route = match.route,
                           .method = request.method,
                           .status = status,
                           .duration = end - start,
                           .received_bytes = received_bytes,
                           .sent_bytes = sent_bytes_});
}

void Exchange::write_log(const Router::Match& match, int status) const {
    if (!shared_.options.access_log) return;
    log::info("request", {{"id", request.request_id},
                          {"method", name(request.method)},
                          {"route", match.pattern.empty() ? std::string_view("none") : match.pattern},
                          {"status", status},
                          {"duration_ms", std::chrono::duration<double, std::milli>(end - start).count()},
                          {"client", request.client_address},
                          {"received_bytes", received_bytes},
                          {"sent_bytes", sent_bytes_}});
}

void Exchange::add_sent(std::size_t bytes) {
    sent_bytes_ += bytes;
    shared_.metrics.stream_sent(bytes);
}

void Exchange::wipe_secrets() {
    wipe(request.body.data(), request.body.size());
    wipe(request.query.data(), request.query.size());  // of a mailed link
    for (auto& [field, value] : request.headers) wipe(value.data(), value.size());
    wipe(out.data(), out.size());
}

void Exchange::shrink() {
    if (out.capacity() > kept_bytes) std::string().swap(out);
    if (request.body.capacity() > kept_bytes) std::string().swap(request.body);
}

}  // namespace postern::http

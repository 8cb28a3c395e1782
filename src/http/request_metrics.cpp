#include "http/request_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>

#include "http/metrics.hpp"

namespace postern::http {
namespace {

// Seconds. Memory-only requests take microseconds, a login about 30 ms, one that waited in a queue seconds.
const prometheus::Histogram::BucketBoundaries duration_buckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                                                  0.1,    0.25,  0.5,    1,     2.5,  5};

prometheus::Counter& make_counter(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}
prometheus::Gauge& make_gauge(prometheus::Registry& registry, const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

RequestMetrics::RequestMetrics(Metrics& metrics, const Router& router)
    : router_(router),
      rows_(router.size() + 1),
      requests_(prometheus::BuildCounter()
                    .Name("postern_http_requests_total")
                    .Help("Requests answered, by route, method and class of the status.")
                    .Register(metrics.registry())),
      durations_(prometheus::BuildHistogram()
                     .Name("postern_http_request_duration_seconds")
                     .Help("From the first byte of a request to its answer being ready, by route.")
                     .Register(metrics.registry())),
      received_bytes_(make_counter(metrics.registry(), "postern_http_received_bytes_total", "Bytes of requests.")),
      sent_bytes_(make_counter(metrics.registry(), "postern_http_sent_bytes_total", "Bytes of answers.")),
      open_connections_(
          make_gauge(metrics.registry(), "postern_http_connections_open", "Connections that are open now.")),
      open_streams_(make_gauge(metrics.registry(), "postern_http_streams_open",
                               "Answers that are going on now, such as the stream of revocations.")) {
    auto& refused = prometheus::BuildCounter()
                        .Name("postern_http_connections_refused_total")
                        .Help("Connections kept waiting or lost before their first request, by reason.")
                        .Register(metrics.registry());
    refused_connections_ = {&refused.Add({{"reason", "no_free_slot"}}), &refused.Add({{"reason", "accept_failed"}}),
                            &refused.Add({{"reason", "tls_handshake"}})};
}

std::string RequestMetrics::route_label(std::size_t route) const {
    return route == Router::no_route ? "none" : std::string(router_.pattern(route));
}

// Two threads may both find a counter missing; Add then gives both the same one.
prometheus::Counter& RequestMetrics::requests(Row& row, const Outcome& outcome) {
    const auto digit = static_cast<std::size_t>(std::clamp(outcome.status / 100, 1, 5));
    auto& slot = row.requests.at(static_cast<std::size_t>(outcome.method) * status_classes + digit);
    prometheus::Counter* counter = slot.load(std::memory_order_acquire);
    if (counter == nullptr) {
        counter = &requests_.Add({{"route", route_label(outcome.route)},
                                  {"method", std::string(name(outcome.method))},
                                  {"status", std::to_string(digit) + "xx"}});
        slot.store(counter, std::memory_order_release);
    }
    return *counter;
}

prometheus::Histogram& RequestMetrics::duration(Row& row, const Outcome& outcome) {
    prometheus::Histogram* histogram = row.duration.load(std::memory_order_acquire);
    if (histogram == nullptr) {
        histogram = &durations_.Add({{"route", route_label(outcome.route)}}, duration_buckets);
        row.duration.store(histogram, std::memory_order_release);
    }
    return *histogram;
}

void RequestMetrics::count(const Outcome& outcome) {
    Row& row = rows_.at(std::min(outcome.route, rows_.size() - 1));
    requests(row, outcome).Increment();
    duration(row, outcome).Observe(std::chrono::duration<double>(outcome.duration).count());
    received_bytes_.Increment(static_cast<double>(outcome.received_bytes));
    sent_bytes_.Increment(static_cast<double>(outcome.sent_bytes));
}

void RequestMetrics::connection_opened() {
    open_connections_.Increment();
}
void RequestMetrics::connection_closed() {
    open_connections_.Decrement();
}
void RequestMetrics::stream_opened() {
    open_streams_.Increment();
}
void RequestMetrics::stream_closed() {
    open_streams_.Decrement();
}
void RequestMetrics::stream_sent(std::size_t bytes) {
    sent_bytes_.Increment(static_cast<double>(bytes));
}
void RequestMetrics::connection_refused(Refused reason) {
    refused_connections_.at(static_cast<std::size_t>(reason))->Increment();
}

}  // namespace postern::http

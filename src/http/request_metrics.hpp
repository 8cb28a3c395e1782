// The server's own counters. A counter is looked up by its labels once; from then on a request costs a few atomic
// additions. Thread-safe.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <vector>

#include "http/message.hpp"
#include "http/router.hpp"

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
template <typename T>
class Family;
}  // namespace prometheus

namespace postern::http {

class Metrics;

class RequestMetrics {
public:
    // Both must outlive this.
    RequestMetrics(Metrics& metrics, const Router& router);

    struct Outcome {
        std::size_t route = Router::no_route;
        Method method = Method::get;
        int status = 0;
        std::chrono::nanoseconds duration{};
        std::size_t received_bytes = 0;
        std::size_t sent_bytes = 0;
    };
    void count(const Outcome& outcome);

    void connection_opened();
    void connection_closed();
    enum class Refused { no_free_slot, accept_failed, tls_handshake };
    void connection_refused(Refused reason);

    // An answer that goes on, and what it has sent since its header.
    void stream_opened();
    void stream_closed();
    void stream_sent(std::size_t bytes);

private:
    static constexpr std::size_t status_classes = 6;  // by the first digit; 0 is not used
    struct Row {
        std::array<std::atomic<prometheus::Counter*>, method_count * status_classes> requests{};
        std::atomic<prometheus::Histogram*> duration{};
    };
    prometheus::Counter& requests(Row& row, const Outcome& outcome);
    prometheus::Histogram& duration(Row& row, const Outcome& outcome);
    [[nodiscard]] std::string route_label(std::size_t route) const;

    const Router& router_;
    std::vector<Row> rows_;  // a route each, and the last for requests that found none
    prometheus::Family<prometheus::Counter>& requests_;
    prometheus::Family<prometheus::Histogram>& durations_;
    prometheus::Counter& received_bytes_;
    prometheus::Counter& sent_bytes_;
    prometheus::Gauge& open_connections_;
    prometheus::Gauge& open_streams_;
    std::array<prometheus::Counter*, 3> refused_connections_{};
};

}  // namespace postern::http

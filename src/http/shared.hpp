// What all connections of a server have in common. Inside this room only.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "http/client_address.hpp"
#include "http/cors.hpp"
#include "http/request_metrics.hpp"
#include "http/router.hpp"
#include "http/server_options.hpp"
#include "http/tls.hpp"

namespace postern::http {

// Counts the open connections against their limit. Thread-safe.
class ConnectionCount {
public:
    // `on_slot_free` is called, from any thread, when a full count is full no longer.
    ConnectionCount(std::size_t limit, RequestMetrics& metrics) : limit_(limit), metrics_(metrics) {}
    void set_on_slot_free(std::function<void()> on_slot_free) { on_slot_free_ = std::move(on_slot_free); }

    [[nodiscard]] bool full() const {
        const std::lock_guard lock(mutex_);
        return open_ >= limit_;
    }

    // One connection's place in the count, given back when it dies.
    class Slot {
    public:
        explicit Slot(ConnectionCount& count) : count_(&count) { count.add(); }
        Slot(Slot&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
        Slot& operator=(Slot&&) = delete;
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        ~Slot() {
            if (count_ != nullptr) count_->remove();
        }

    private:
        ConnectionCount* count_;
    };

    // Whether the last connection closed before `deadline`.
    bool wait_for_none(std::chrono::steady_clock::time_point deadline) {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, deadline, [this] { return open_ == 0; });
    }

private:
    void add() {
        metrics_.connection_opened();
        const std::lock_guard lock(mutex_);
        ++open_;
    }
    void remove() {
        metrics_.connection_closed();
        bool was_full = false;
        {
            const std::lock_guard lock(mutex_);
            was_full = open_ == limit_;
            --open_;
            changed_.notify_all();  // under the lock: the waiter may destroy this as soon as it sees zero
        }
        if (was_full) on_slot_free_();
    }

    const std::size_t limit_;
    RequestMetrics& metrics_;
    std::function<void()> on_slot_free_ = [] {};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t open_ = 0;
};

struct Shared {
    Shared(ServerOptions server_options, const Router& server_router, Metrics& metrics_registry)
        : options(std::move(server_options)),
          router(server_router),
          metrics(metrics_registry, server_router),
          cors(options.cors_origins),
          connections(options.connection_limits.connections, metrics) {}

    const ServerOptions options;
    const Router& router;
    RequestMetrics metrics;
    const Cors cors;
    TrustedProxies proxies;    // set before the first connection
    std::unique_ptr<Tls> tls;  // the same; null: plain TCP
    std::atomic<bool> stopping = false;
    ConnectionCount connections;
};

}  // namespace postern::http

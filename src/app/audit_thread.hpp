// Seals the audit trail while the server runs, and queues its events for the webhooks.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "core/audit_sealer.hpp"
#include "core/secrets.hpp"
#include "core/store.hpp"
#include "http/metrics.hpp"

namespace postern::app {

// A thread of its own, from construction to destruction. What it is given must outlive it.
class AuditThread {
public:
    AuditThread(core::Store& store, const core::AuditSigner& signer, core::WebhookSettings webhooks,
                const Clock& clock);
    // Seals what is there, once more, and ends the thread.
    ~AuditThread();
    AuditThread(const AuditThread&) = delete;
    AuditThread& operator=(const AuditThread&) = delete;

    struct Figures {
        std::int64_t sealed = 0;         // records, since start, by this node
        std::int64_t failures = 0;       // steps that failed
        std::int64_t waiting = 0;        // records that were not sealed at the last look; counted up to a batch
        double oldest_wait_seconds = 0;  // of them
    };
    [[nodiscard]] Figures figures() const;

private:
    void run();
    // True once the server stops.
    bool pause();
    void seal_what_waits();
    Result<bool> look();
    Result<core::SealOutcome> seal();
    void give_up_lease();
    void report(const core::SealOutcome& outcome);
    void report(const Error& error);

    core::Store& store_;
    const core::AuditSigner& signer_;
    const core::WebhookSettings webhooks_;
    const Clock& clock_;
    const std::string node_;  // holds the lease; another after each start

    std::atomic<std::int64_t> sealed_ = 0;
    std::atomic<std::int64_t> failures_ = 0;
    std::atomic<std::int64_t> waiting_ = 0;
    std::atomic<std::int64_t> oldest_wait_ms_ = 0;
    // Of the thread alone.
    std::int64_t failures_in_a_row_ = 0;
    bool leads_ = false;

    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stops_ = false;
    std::thread thread_;
};

// `thread` must outlive every call of metrics.text().
void add_audit_metrics(http::Metrics& metrics, const AuditThread& thread);

}  // namespace postern::app

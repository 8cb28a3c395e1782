// The thread that empties the outbox of one kind of entries.
//
//   pending, due --claim--> on its way --sent------> sent
//        ^                      |-----refused------> failed, with an audit record
//        |                      |-----pointless----> gone
//        '---- retry, later ----'---(too often)----> failed, with an audit record
//
// A claim is a lease: the entry is due again after the time that one attempt may take, so that what a node took with it
// when it died is sent by another, or by itself after a restart.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "core/store.hpp"
#include "delivery/sender.hpp"
#include "delivery/transfer.hpp"

namespace postern::delivery {

struct WorkerOptions {
    core::OutboxKind kind = core::OutboxKind::mail;
    std::size_t at_once = 1;      // entries on their way together
    Milliseconds attempt_time{};  // the sender's bound
    Milliseconds retry_time{};    // the first pause after a failure; doubled each time
    Milliseconds patience{};      // how long an entry must have been due before it is taken
};

// Since the start, but for what waits.
struct WorkerFigures {
    std::int64_t sent = 0;
    std::int64_t retried = 0;
    std::int64_t failed = 0;
    core::OutboxFigures outbox;  // as of the last count, of all nodes
};

class Worker {
public:
    // Everything referred to must outlive it.
    Worker(WorkerOptions options, std::unique_ptr<Sender> sender, core::Store& store, const Clock& clock);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void start();
    // Something may be due: looks now instead of within limits::delivery_poll_interval. Thread-safe.
    void wake() noexcept;
    // No new attempt begins; those on their way may finish within limits::delivery_stop_time and stay pending
    // otherwise. Returns at once; the destructor waits.
    void stop() noexcept;

    [[nodiscard]] WorkerFigures figures() const;

private:
    using SteadyClock = std::chrono::steady_clock;

    void run();
    // Takes what is due, as far as there is room, and begins it; says how long there will be nothing new.
    Milliseconds begin_what_is_due();
    Result<Milliseconds> claim(std::vector<core::OutboxEntry>& entries);
    void begin(core::OutboxEntry entry);
    void finish(std::vector<Delivery> deliveries);
    void finish(Delivery delivery);
    // Writes down what came of attempts; what the store does not take now is kept, since a mail that was sent must not
    // be sent again for it.
    void write_down();
    Result<void> write_down(const core::OutboxEntry& entry, bool gone);
    void give_back(std::vector<core::OutboxEntry> entries);
    void count();
    [[nodiscard]] bool is_time_over() const;

    struct Finished {
        core::OutboxEntry entry;
        bool gone = false;
    };

    const WorkerOptions options_;
    const std::unique_ptr<Sender> sender_;
    core::Store& store_;
    const Clock& clock_;

    Transfers transfers_;
    std::vector<Finished> finished_;  // not written down yet
    SteadyClock::time_point next_count_{};
    bool read_failed_ = false;  // each is told once
    bool write_failed_ = false;

    std::atomic<bool> stopping_ = false;
    std::atomic<SteadyClock::time_point> give_up_at_{SteadyClock::time_point::max()};
    mutable std::mutex mutex_;
    WorkerFigures figures_;
    std::thread thread_;
};

// The pause before attempt `attempts` + 1: doubled each time up to limits::delivery_retry_time_longest, and a quarter
// more or less, so that what failed together does not come back together.
Milliseconds pause_after(std::int64_t attempts, Milliseconds first);

}  // namespace postern::delivery

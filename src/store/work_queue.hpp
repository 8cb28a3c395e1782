// Work that waits for a thread of the store: bounded, with a deadline, first come first served.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "core/store.hpp"

namespace postern::store {

// Hands the outcome over. `done` must not throw; if it does, that is logged, and the store goes on.
inline void finish(const core::Store::Done& done, Result<void> outcome) noexcept {
    try {
        done(std::move(outcome));
    } catch (const std::exception& thrown) {
        log::error("store_done_threw", {{"what", thrown.what()}});
    }
}

// Runs a piece of work. What it throws is a bug, logged here, unless there is no memory; it becomes an error.
template <typename Work, typename Access>
Result<void> run_guarded(const Work& work, Access& access) {
    try {
        return work(access);
    } catch (const std::bad_alloc&) {
        return unavailable("No memory left");  // so short that it needs none
    } catch (const std::exception& thrown) {
        log::error("store_work_threw", {{"what", thrown.what()}});
        return internal_error("The server has met a bug; its log says more.");
    }
}

template <typename Work>
struct Job {
    Work work;
    core::Store::Done done;
    std::chrono::steady_clock::time_point give_up_at;
    int runs = 0;
};

template <typename Work>
class WorkQueue {
public:
    // Refuses with overloaded when limits::store_queue_entries wait, and with unavailable after stop(); `done` then
    // runs on the caller's thread.
    void push(Work work, core::Store::Done done) {
        auto refusal = try_push(work, done);
        if (!refusal.has_value()) finish(done, std::move(refusal));
    }

    // Waits for work, or for stop(); nothing only after stop(), once all is taken.
    std::vector<Job<Work>> take(std::size_t most) {
        std::unique_lock lock(mutex_);
        filled_.wait(lock, [this] { return stopped_ || !jobs_.empty() || nudged_; });
        nudged_ = false;
        std::vector<Job<Work>> taken;
        while (!jobs_.empty() && taken.size() < most) {
            taken.push_back(std::move(jobs_.front()));
            jobs_.pop_front();
        }
        return taken;
    }

    // To the front, in order; past the bound too, since it was admitted before.
    void put_back(std::vector<Job<Work>> jobs) {
        const std::lock_guard lock(mutex_);
        jobs_.insert(jobs_.begin(), std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end()));
        filled_.notify_one();
    }

    // Takes those whose time has run out, for a store whose threads are all stuck.
    std::vector<Job<Work>> take_late() {
        const auto now = std::chrono::steady_clock::now();
        const std::lock_guard lock(mutex_);
        std::vector<Job<Work>> late;
        for (auto& job : jobs_) {
            if (job.give_up_at < now) late.push_back(std::move(job));
        }
        std::erase_if(jobs_, [now](const auto& job) { return job.give_up_at < now; });
        return late;
    }

    // Wakes a thread in take() without work.
    void nudge() {
        const std::lock_guard lock(mutex_);
        nudged_ = true;
        filled_.notify_all();
    }

    void stop() {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        filled_.notify_all();
    }

    [[nodiscard]] bool finished() const {
        const std::lock_guard lock(mutex_);
        return stopped_ && jobs_.empty();
    }
    [[nodiscard]] std::size_t size() const {
        const std::lock_guard lock(mutex_);
        return jobs_.size();
    }

private:
    Result<void> try_push(Work& work, core::Store::Done& done) {
        const std::lock_guard lock(mutex_);
        if (stopped_) return unavailable("The server is shutting down.");
        if (jobs_.size() >= limits::store_queue_entries) {
            return overloaded("The store has " + std::to_string(jobs_.size()) + " requests waiting; try again.");
        }
        jobs_.push_back(
            {std::move(work), std::move(done), std::chrono::steady_clock::now() + limits::store_queue_time, 0});
        filled_.notify_one();
        return {};
    }

    mutable std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<Job<Work>> jobs_;
    bool nudged_ = false;
    bool stopped_ = false;
};

// What a job is told whose turn came too late.
inline Error waited_too_long() {
    return overloaded("The store was busy for " + std::to_string(limits::store_queue_time.count()) +
                      " seconds; nothing was done. Try again.");
}

}  // namespace postern::store

#include "http/lane.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace postern::http {

class Lane::Pool {
public:
    explicit Pool(LaneOptions options) : options_(std::move(options)) {
        threads_.reserve(options_.workers);
        for (std::size_t i = 0; i < options_.workers; ++i) {
            threads_.emplace_back([this, i] {
                prepare_thread(i);
                work();
            });
        }
    }

    ~Pool() {
        std::deque<Entry> left;
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            left.swap(first_);
            std::ranges::move(usual_, std::back_inserter(left));
            usual_.clear();
        }
        wake_.notify_all();
        for (Entry& entry : left) refuse(entry.job);
        for (std::thread& thread : threads_) thread.join();
    }

    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    void submit(Turn turn, std::function<void(bool)> job) {
        std::unique_lock lock(mutex_);
        std::deque<Entry>& queue = queue_of(turn);
        if (stopping_ || queue.size() >= options_.queue_entries) {
            lock.unlock();
            refuse(job);
            return;
        }
        queue.push_back({std::move(job), std::chrono::steady_clock::now() + options_.queue_time});
        lock.unlock();
        wake_.notify_one();
    }

    bool has_room(Turn turn) {
        const std::lock_guard lock(mutex_);
        if (queue_of(turn).size() < options_.queue_entries) return true;
        refused_.fetch_add(1, std::memory_order_relaxed);
        return false;
    }

    [[nodiscard]] std::size_t queued() const {
        const std::lock_guard lock(mutex_);
        return first_.size() + usual_.size();
    }
    [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t finished() const { return finished_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::chrono::duration<double> busy() const {
        return std::chrono::nanoseconds(busy_nanoseconds_.load(std::memory_order_relaxed));
    }
    [[nodiscard]] const std::string& name() const { return options_.name; }

private:
    struct Entry {
        std::function<void(bool)> job;
        std::chrono::steady_clock::time_point deadline;
    };

    // On Linux a niceness belongs to the thread, not to the process, and a thread is addressed by its id.
    void prepare_thread(std::size_t index) const {
        std::string thread_name = options_.name + "-" + std::to_string(index);
        thread_name.resize(std::min<std::size_t>(thread_name.size(), 15));  // what the kernel keeps of it
        pthread_setname_np(pthread_self(), thread_name.c_str());
        if (options_.niceness == 0) return;
        const auto thread_id = static_cast<id_t>(gettid());
        const int niceness = getpriority(PRIO_PROCESS, thread_id) + options_.niceness;
        if (setpriority(PRIO_PROCESS, thread_id, niceness) != 0) {
            log::warning("lane_niceness_refused", {{"lane", options_.name}, {"niceness", niceness}});
        }
    }

    void work() {
        while (std::optional<Entry> entry = take()) {
            const auto began = std::chrono::steady_clock::now();
            if (began > entry->deadline) {
                refuse(entry->job);
                continue;
            }
            entry->job(true);
            const std::chrono::nanoseconds taken = std::chrono::steady_clock::now() - began;
            busy_nanoseconds_.fetch_add(taken.count(), std::memory_order_relaxed);
            finished_.fetch_add(1, std::memory_order_relaxed);
        }
    }

    std::optional<Entry> take() {
        std::unique_lock lock(mutex_);
        const auto has_work = [this] { return stopping_ || !first_.empty() || !usual_.empty(); };
        if (options_.on_idle && !wake_.wait_for(lock, limits::lane_idle_time, has_work)) {
            lock.unlock();
            options_.on_idle();
            lock.lock();
        }
        wake_.wait(lock, has_work);
        if (stopping_) return std::nullopt;
        const bool is_turn_of_usual = first_.empty() || (in_a_row_ == limits::lane_first_in_a_row && !usual_.empty());
        in_a_row_ = is_turn_of_usual ? 0 : std::min(in_a_row_ + 1, limits::lane_first_in_a_row);
        std::deque<Entry>& queue = is_turn_of_usual ? usual_ : first_;
        Entry entry = std::move(queue.front());
        queue.pop_front();
        return entry;
    }

    std::deque<Entry>& queue_of(Turn turn) { return turn == Turn::first ? first_ : usual_; }

    void refuse(const std::function<void(bool)>& job) {
        refused_.fetch_add(1, std::memory_order_relaxed);
        job(false);
    }

    const LaneOptions options_;
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Entry> first_;
    std::deque<Entry> usual_;
    std::size_t in_a_row_ = 0;  // entries of first_ that were taken since one of usual_ was
    bool stopping_ = false;
    std::atomic<std::uint64_t> refused_ = 0;
    std::atomic<std::uint64_t> finished_ = 0;
    std::atomic<std::int64_t> busy_nanoseconds_ = 0;
    std::vector<std::thread> threads_;
};

Lane::Lane(LaneOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}
Lane::~Lane() = default;

void Lane::submit(Turn turn, std::function<void(bool admitted)> job) {
    pool_->submit(turn, std::move(job));
}

Result<void> Lane::check_room(Turn turn) {
    if (!pool_->has_room(turn)) return too_busy();
    return {};
}

Error Lane::too_busy() {
    return overloaded("The server is busy; try again in a moment");
}

Error Lane::report_exception(std::string_view what) const {
    log::error("lane_exception", {{"lane", pool_->name()}, {"what", what}});
    return internal_error("Internal error; the log says more");
}

std::size_t Lane::queued() const {
    return pool_->queued();
}
std::uint64_t Lane::refused() const {
    return pool_->refused();
}
std::uint64_t Lane::finished() const {
    return pool_->finished();
}
std::chrono::duration<double> Lane::busy() const {
    return pool_->busy();
}

}  // namespace postern::http

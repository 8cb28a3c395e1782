// A lane: worker threads behind a bounded queue with a deadline, for work that is too slow for a connection's thread.
//
// Two queues, as long as each other: work whose turn is `first` goes before the `usual`, so that those who are known
// get through a storm of strangers; only every limits::lane_first_in_a_row'th time the others have a turn all the same.
//
// Work that finds its queue full, or whose turn comes after its deadline, is refused with `overloaded` before any of it
// is done: under a storm the goodput stays at the workers' limit. Thread-safe.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.hpp"

namespace postern::http {

enum class Turn { usual, first };

struct LaneOptions {
    std::string name;  // of the threads and in the metrics
    std::size_t workers = 1;
    std::size_t queue_entries = 1;  // of each queue
    std::chrono::milliseconds queue_time{};
    int niceness = 0;  // added to the threads' own, so that cheap requests go first
    std::function<void()> on_idle =
        nullptr;  // called by a worker that has had nothing to do for limits::lane_idle_time
};

class Lane {
public:
    explicit Lane(LaneOptions options);
    ~Lane();  // finishes what is running, refuses what is queued
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    // Runs `work` (returns Result<T>) on a worker and resumes the caller on its own executor with the result.
    // Errors: overloaded, with Retry-After; internal, when work threw (which is logged).
    template <typename Work>
    boost::asio::awaitable<std::invoke_result_t<Work>> run(Turn turn, Work work);
    // For what must be done before the work, and would be in vain. Errors: overloaded (counted as refused), when there
    // is no room in the queue now.
    Result<void> check_room(Turn turn);

    // For the metrics: entries that wait now; refused and finished since the start, and the time that workers ran them.
    [[nodiscard]] std::size_t queued() const;
    [[nodiscard]] std::uint64_t refused() const;
    [[nodiscard]] std::uint64_t finished() const;
    [[nodiscard]] std::chrono::duration<double> busy() const;

private:
    // `job` is called once: with true on a worker, or with false (refused) on either thread.
    void submit(Turn turn, std::function<void(bool admitted)> job);
    static Error too_busy();
    // Logs what a job threw; the client is told nothing of it.
    [[nodiscard]] Error report_exception(std::string_view what) const;

    class Pool;
    std::unique_ptr<Pool> pool_;
};

}  // namespace postern::http

#include "http/lane_run.hpp"  // the template's body

// A lane: worker threads behind a bounded queue with a deadline, for work that is too slow for a connection's thread.
//
// Work that finds the queue full, or whose turn comes after its deadline, is refused with `overloaded` before any of it
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

struct LaneOptions {
    std::string name;  // of the threads and in the metrics
    std::size_t workers = 1;
    std::size_t queue_entries = 1;
    std::chrono::milliseconds queue_time{};
    int niceness = 0;  // added to the threads' own, so that cheap requests go first
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
    boost::asio::awaitable<std::invoke_result_t<Work>> run(Work work);

    // For the metrics: entries that wait now; refused and finished since the start, and the time that workers ran them.
    [[nodiscard]] std::size_t queued() const;
    [[nodiscard]] std::uint64_t refused() const;
    [[nodiscard]] std::uint64_t finished() const;
    [[nodiscard]] std::chrono::duration<double> busy() const;

private:
    // `job` is called once: with true on a worker, or with false (refused) on either thread.
    void submit(std::function<void(bool admitted)> job);
    // Logs what a job threw; the client is told nothing of it.
    [[nodiscard]] Error report_exception(std::string_view what) const;

    class Pool;
    std::unique_ptr<Pool> pool_;
};

}  // namespace postern::http

#include "http/lane_run.hpp"  // the template's body

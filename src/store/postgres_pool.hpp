// The connections of one node to PostgreSQL, each with a thread of its own, and the queue in front of them.
//
//   here ---a connection cannot be opened---> away    everything is refused at once with unavailable, while the thread
//                                                     that met it tries again, with growing pauses
//   away ---it has opened one---------------> here
//
// A connection that died while it was idle is noticed before it is used, and replaced.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "core/store.hpp"
#include "store/postgres_driver.hpp"
#include "store/work_queue.hpp"

namespace postern::store {

class PostgresPool {
public:
    // Begins and ends its own transactions.
    using Work = std::function<Result<void>(PostgresConnection&)>;

    // `lost` runs on a thread of the pool after a connection was lost, before the next one is opened.
    PostgresPool(PostgresTarget target, std::size_t connections, std::function<void()> lost);
    ~PostgresPool();
    PostgresPool(const PostgresPool&) = delete;
    PostgresPool& operator=(const PostgresPool&) = delete;

    // `done` runs on a thread of the pool; on the caller's when the work is refused at the door.
    void submit(Work work, core::Store::Done done);
    // Ahead of what waits.
    void submit_first(Work work, core::Store::Done done);
    // Tells those who have waited for limits::store_queue_time, should every thread be stuck.
    void refuse_late();
    // Finishes what is queued and ends the threads.
    void stop();

    [[nodiscard]] std::size_t queued() const { return queue_.size(); }
    // Why work is refused at present, when it is.
    [[nodiscard]] std::optional<Error> away() const;

private:
    using Held = std::unique_ptr<PostgresConnection>;
    void run();
    void run_job(Job<Work>& job, Held& connection);
    Result<void> make_ready(Held& connection);
    Result<void> reopen(Held& connection);
    // Until the database is back, or the pool stops; leaves that to the thread that does so already.
    void await_return(Held& connection);
    bool pause(Milliseconds time);

    const PostgresTarget target_;
    const std::function<void()> lost_;
    WorkQueue<Work> queue_;
    mutable std::mutex mutex_;
    std::condition_variable stopping_;
    bool stopped_ = false;
    std::optional<Error> away_;  // why the last attempt failed
    bool awaiting_ = false;      // a thread is trying again
    std::vector<std::thread> threads_;
};

}  // namespace postern::store

#include "store/postgres_pool.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace postern::store {

PostgresPool::PostgresPool(PostgresTarget target, std::size_t connections, std::function<void()> lost)
    : target_(std::move(target)), lost_(std::move(lost)) {
    for (std::size_t i = 0; i < connections; ++i) threads_.emplace_back([this] { run(); });
}

PostgresPool::~PostgresPool() {
    stop();
}

void PostgresPool::submit(Work work, core::Store::Done done) {
    if (auto why = away()) {
        finish(done, std::move(*why));
    } else {
        queue_.push(std::move(work), std::move(done));
    }
}

void PostgresPool::submit_first(Work work, core::Store::Done done) {
    std::vector<Job<Work>> jobs;
    jobs.push_back({std::move(work), std::move(done), std::chrono::steady_clock::now() + limits::store_queue_time});
    queue_.put_back(std::move(jobs));
}

void PostgresPool::refuse_late() {
    for (const auto& job : queue_.take_late()) finish(job.done, waited_too_long());
}

void PostgresPool::stop() {
    queue_.stop();
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    stopping_.notify_all();
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

void PostgresPool::run() {
    Held connection;
    while (!queue_.finished()) {
        for (auto& job : queue_.take(1)) run_job(job, connection);
    }
}

void PostgresPool::run_job(Job<Work>& job, Held& connection) {
    if (job.give_up_at < std::chrono::steady_clock::now()) {
        finish(job.done, waited_too_long());
        return;
    }
    auto ready = make_ready(connection);
    if (ready.has_value()) {
        auto outcome = run_guarded(job.work, *connection);
        connection->rollback();  // nothing to do, unless it threw
        finish(job.done, std::move(outcome));
        return;
    }
    finish(job.done, std::move(ready));
    await_return(connection);
}

Result<void> PostgresPool::make_ready(Held& connection) {
    // A server that has gone has closed the connection, and that is seen without asking it.
    if (connection && !connection->is_lost() && connection->take_notifications().has_value()) return {};
    if (auto why = away()) return std::move(*why);
    if (connection) {
        connection.reset();
        lost_();
    }
    return reopen(connection);
}

Result<void> PostgresPool::reopen(Held& connection) {
    auto opened = PostgresConnection::open(target_);
    const std::lock_guard lock(mutex_);
    if (!opened.has_value()) {
        away_ = opened.error();
        return std::move(opened.error());
    }
    away_.reset();
    connection = std::move(*opened);
    return {};
}

std::optional<Error> PostgresPool::away() const {
    const std::lock_guard lock(mutex_);
    return away_;
}

void PostgresPool::await_return(Held& connection) {
    {
        const std::lock_guard lock(mutex_);
        if (!away_ || awaiting_) return;
        awaiting_ = true;
        log::error("store_away", {{"message", away_->message}});
    }
    Milliseconds time = limits::postgres_reopen_time;
    while (away()) {
        if (!pause(time)) return;
        if (reopen(connection).has_value()) log::info("store_back", {{"place", connection->place()}});
        time = std::min<Milliseconds>(2 * time, limits::postgres_reopen_time_longest);
    }
    const std::lock_guard lock(mutex_);
    awaiting_ = false;
}

bool PostgresPool::pause(Milliseconds time) {
    std::unique_lock lock(mutex_);
    return !stopping_.wait_for(lock, time, [this] { return stopped_; });
}

}  // namespace postern::store

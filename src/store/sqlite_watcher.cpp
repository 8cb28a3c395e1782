#include "store/sqlite_watcher.hpp"

#include "base/limits.hpp"
#include "base/log.hpp"
#include "store/work_queue.hpp"

namespace postern::store {

SqliteWatcher::SqliteWatcher(std::unique_ptr<SqliteConnection> connection, Bitmaps& bitmaps, const Clock& clock,
                             Callbacks callbacks)
    : connection_(std::move(connection)),
      bitmaps_(bitmaps),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      feed_(bitmaps) {}

SqliteWatcher::~SqliteWatcher() {
    stop();
}

Result<void> SqliteWatcher::start(bool periodic) {
    TRY(look());
    thread_ = std::thread([this, periodic] { run(periodic); });
    return {};
}

void SqliteWatcher::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        woken_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void SqliteWatcher::catch_up(core::Store::Done done) {
    Result<void> refusal;
    {
        const std::lock_guard lock(mutex_);
        if (stopped_) {
            refusal = unavailable("The server is shutting down.");
        } else if (callers_.size() >= limits::store_queue_entries) {
            refusal = overloaded("Too many requests wait for the store.");
        } else {
            callers_.push_back(std::move(done));
            woken_.notify_all();
            return;
        }
    }
    finish(done, std::move(refusal));
}

// A poll that began before a caller came says nothing to it: the callers are taken first, then the look begins.
void SqliteWatcher::run(bool periodic) {
    for (;;) {
        std::vector<core::Store::Done> callers;
        {
            std::unique_lock lock(mutex_);
            const auto is_called = [this] { return stopped_ || !callers_.empty(); };
            if (periodic) {
                woken_.wait_for(lock, limits::sqlite_watch_interval, is_called);
            } else {
                woken_.wait(lock, is_called);
            }
            if (stopped_ && callers_.empty()) return;
            callers.swap(callers_);
        }
        const auto outcome = look();
        note(outcome);
        for (const auto& done : callers) finish(done, outcome);
        if (!periodic || std::chrono::steady_clock::now() < next_upkeep_) continue;
        next_upkeep_ = std::chrono::steady_clock::now() + limits::list_upkeep_interval;
        callbacks_.keep_house();
    }
}

Result<void> SqliteWatcher::look() {
    const auto began = std::chrono::steady_clock::now();
    // Before the poll: what is committed in between is read now, and once more after the next look.
    const auto version = TRY(connection_->data_version());
    if (version == data_version_) {
        bitmaps_.mark_fresh(began);
        return {};
    }
    const FeedNews news = TRY(feed_.poll(*connection_, clock_.now()));
    const bool first = !data_version_.has_value();
    data_version_ = version;
    if (news.keys_changed && !first) callbacks_.keys_changed();
    if (news.clients_changed && !first) callbacks_.clients_changed();
    return {};
}

// Says it once when it begins and once when it is over, not forty times a second.
void SqliteWatcher::note(const Result<void>& outcome) {
    if (!outcome.has_value() && !failing_) log::error("store_watch_failed", {{"message", outcome.error().message}});
    if (outcome.has_value() && failing_) log::info("store_watch_recovered");
    failing_ = !outcome.has_value();
}

}  // namespace postern::store

// The thread that follows what other nodes commit, over a connection of its own.
//
// It looks when a notification arrives, when someone asks to catch up, and every limits::feed_poll_interval. After a
// lost connection it opens another and reads everything again, for the new primary may not have all that the old one
// had; what it knew stays in force until that is complete.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "core/store.hpp"
#include "store/bitmaps.hpp"
#include "store/feed.hpp"
#include "store/postgres_driver.hpp"

namespace postern::store {

inline constexpr auto feed_notify_sql = "NOTIFY postern_feed";

class PostgresFeed {
public:
    // They run on the feed's thread.
    struct Callbacks {
        std::function<void()> keys_changed;
        std::function<void()> clients_changed;
    };

    PostgresFeed(PostgresTarget target, Bitmaps& bitmaps, const Clock& clock, Callbacks callbacks);
    ~PostgresFeed();
    PostgresFeed(const PostgresFeed&) = delete;
    PostgresFeed& operator=(const PostgresFeed&) = delete;

    // The first poll, on the caller's thread, then the thread. Unless `following`, that sleeps until catch_up().
    Result<void> start(std::unique_ptr<PostgresConnection> connection, bool following);
    // `done` runs after a poll that begins now or later. Errors: unavailable.
    void catch_up(core::Store::Done done);
    // Tells those who have waited for limits::feed_catch_up_time, should the thread be stuck.
    void refuse_late();
    void stop();

private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    struct Caller {
        core::Store::Done done;
        SteadyTime give_up_at;
    };

    void run();
    // Until there is a reason to look.
    void wait();
    void wake() const;
    Result<void> look();
    Result<void> reopen();
    void note(const Result<void>& outcome);
    bool begin_look();
    void end_look(const Result<void>& outcome);

    const PostgresTarget target_;
    const Clock& clock_;
    const Callbacks callbacks_;
    const int wake_;  // an eventfd

    // The thread's own.
    std::unique_ptr<PostgresConnection> connection_;
    Feed feed_;
    bool following_ = false;
    SteadyTime next_look_;
    Milliseconds pause_{};  // before the database is tried again; none while it is here

    std::mutex mutex_;
    std::vector<Caller> waiting_;  // for the next look
    std::vector<Caller> served_;   // by the look that is under way
    bool stopped_ = false;
    std::thread thread_;
};

}  // namespace postern::store

// The thread that notices what other processes did to the file (the CLI beside the server), and keeps the house.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "core/store.hpp"
#include "store/bitmaps.hpp"
#include "store/feed.hpp"
#include "store/sqlite_driver.hpp"

namespace postern::store {

class SqliteWatcher {
public:
    // They run on the watcher's thread. `keep_house` is called about every limits::list_upkeep_interval.
    struct Callbacks {
        std::function<void()> keys_changed;
        std::function<void()> clients_changed;
        std::function<void()> keep_house;
    };

    SqliteWatcher(std::unique_ptr<SqliteConnection> connection, Bitmaps& bitmaps, const Clock& clock,
                  Callbacks callbacks);
    ~SqliteWatcher();
    SqliteWatcher(const SqliteWatcher&) = delete;
    SqliteWatcher& operator=(const SqliteWatcher&) = delete;

    // The first poll, on the caller's thread; then the thread. Unless `periodic`, that sleeps until catch_up().
    Result<void> start(bool periodic);
    void catch_up(core::Store::Done done);
    void stop();

private:
    void run(bool periodic);
    void wait(bool periodic);
    Result<void> look();
    void note(const Result<void>& outcome);

    const std::unique_ptr<SqliteConnection> connection_;
    Bitmaps& bitmaps_;
    const Clock& clock_;
    const Callbacks callbacks_;
    Feed feed_;
    std::optional<std::int64_t> data_version_;  // as of the last completed poll
    bool failing_ = false;
    std::chrono::steady_clock::time_point next_upkeep_;

    std::mutex mutex_;
    std::condition_variable woken_;
    std::vector<core::Store::Done> callers_;
    bool stopped_ = false;
    std::thread thread_;
};

}  // namespace postern::store

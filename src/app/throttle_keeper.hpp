// What the throttle needs done beside the requests: failed logins written to the store each second, and the schemes of
// password hashes that accounts have measured for the timing floor.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/hasher.hpp"
#include "core/store.hpp"
#include "core/throttle.hpp"
#include "core/timing_floor.hpp"
#include "http/metrics.hpp"

namespace postern::app {

// Works on a thread of its own from its making to its end, when it writes what is left. All must outlive it.
class ThrottleKeeper {
public:
    ThrottleKeeper(core::Throttle& throttle, core::TimingFloor& floor, core::Store& store, const core::Hasher& hasher);
    ~ThrottleKeeper();
    ThrottleKeeper(const ThrottleKeeper&) = delete;
    ThrottleKeeper& operator=(const ThrottleKeeper&) = delete;

private:
    void work();
    void flush();
    void measure();

    core::Throttle& throttle_;
    core::TimingFloor& floor_;
    core::Store& store_;
    const core::Hasher& hasher_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    bool failed_ = false;  // the last flush: said once, not each second
    std::thread thread_;
};

void add_throttle_metrics(http::Metrics& metrics, const core::Throttle& throttle);

}  // namespace postern::app

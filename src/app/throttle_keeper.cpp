#include "app/throttle_keeper.hpp"

#include <chrono>

#include "base/limits.hpp"
#include "base/log.hpp"

namespace postern::app {

using SteadyClock = std::chrono::steady_clock;

ThrottleKeeper::ThrottleKeeper(core::Throttle& throttle, core::TimingFloor& floor, core::Store& store,
                               const core::Hasher& hasher)
    : throttle_(throttle), floor_(floor), store_(store), hasher_(hasher), thread_([this] { work(); }) {}

ThrottleKeeper::~ThrottleKeeper() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void ThrottleKeeper::work() {
    auto next_measure = SteadyClock::now();
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        if (SteadyClock::now() >= next_measure) {
            measure();
            next_measure = SteadyClock::now() + limits::timing_floor_interval;
        }
        flush();
        lock.lock();
        wake_.wait_for(lock, limits::throttle_flush_interval, [this] { return stopping_; });
    }
    lock.unlock();
    flush();
}

void ThrottleKeeper::flush() {
    const auto flushed = throttle_.flush(store_);
    if (!flushed.has_value() && !failed_) {
        log::warning("failed_logins_not_written", {{"error", flushed.error().message}});
    }
    failed_ = !flushed.has_value();
}

void ThrottleKeeper::measure() {
    const auto measured = floor_.measure(store_, hasher_);
    if (!measured.has_value()) log::warning("password_schemes_not_measured", {{"error", measured.error().message}});
}

void add_throttle_metrics(http::Metrics& metrics, const core::Throttle& throttle) {
    metrics.add_collector([&throttle] {
        const core::ThrottleFigures figures = throttle.figures();
        std::vector<http::Sample> samples = {
            {"postern_throttle_entries", "Networks, devices and accounts that the throttle remembers",
             static_cast<double>(figures.entries)},
            {"postern_throttle_unflushed", "Failed logins that the store does not know of yet",
             static_cast<double>(figures.unflushed)}};
        const auto refused = [&samples](std::string budget, std::int64_t count) {
            samples.push_back({"postern_throttle_refused_total",
                               "Attempts refused before any hashing, by the budget that was used up",
                               static_cast<double>(count),
                               http::Sample::Kind::counter,
                               {{"budget", std::move(budget)}}});
        };
        refused("network", figures.refused_network);
        refused("account_network", figures.refused_account_network);
        refused("device", figures.refused_device);
        refused("account", figures.refused_account);
        refused("requests", figures.refused_requests);
        return samples;
    });
}

}  // namespace postern::app

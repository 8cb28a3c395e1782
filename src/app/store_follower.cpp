#include "app/store_follower.hpp"

#include <utility>

#include "base/log.hpp"

namespace postern::app {

void StoreFollower::retry() {
    if (failed_.exchange(false)) reload();
}

// One at a time: of two that overlap, the one that read the older rows might finish last. What is being read may have
// begun before the change that the caller asks for.
void StoreFollower::catch_up(core::Store::Done done) {
    {
        const std::lock_guard lock(mutex_);
        if (done) waiting_.push_back(std::move(done));
        again_ = reading_;
        if (std::exchange(reading_, true)) return;
        served_ = std::exchange(waiting_, {});
    }
    read();
}

void StoreFollower::read() {
    store_.read(load_, [this](const Result<void>& outcome) { finish(outcome); });
}

void StoreFollower::finish(const Result<void>& outcome) {
    if (outcome.has_value()) {
        log::info(what_ + "_reloaded");
    } else {
        failed_ = true;
        log::error(what_ + "_not_reloaded", {{"error", outcome.error().message}});
    }
    std::vector<core::Store::Done> served;
    bool again = false;
    {
        const std::lock_guard lock(mutex_);
        served = std::exchange(served_, {});
        again = std::exchange(again_, false);
        reading_ = again;
        if (again) served_ = std::exchange(waiting_, {});
    }
    for (const auto& done : served) done(outcome);
    if (again) read();
}

}  // namespace postern::app

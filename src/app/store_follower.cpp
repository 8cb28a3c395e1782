#include "app/store_follower.hpp"

#include <utility>

#include "base/log.hpp"

namespace postern::app {

void StoreFollower::retry(core::Store& store) {
    if (failed_.exchange(false)) reload(store);
}

// One at a time: of two that overlap, the one that read the older rows might finish last.
void StoreFollower::reload(core::Store& store) {
    {
        const std::lock_guard lock(mutex_);
        again_ = reading_;
        if (std::exchange(reading_, true)) return;
    }
    store.read(load_, [this, &store](Result<void> outcome) { finish(store, outcome); });
}

void StoreFollower::finish(core::Store& store, const Result<void>& outcome) {
    if (outcome.has_value()) {
        log::info(what_ + "_reloaded");
    } else {
        failed_ = true;
        log::error(what_ + "_not_reloaded", {{"error", outcome.error().message}});
    }
    bool again = false;
    {
        const std::lock_guard lock(mutex_);
        reading_ = false;
        again = std::exchange(again_, false);
    }
    if (again) reload(store);
}

}  // namespace postern::app

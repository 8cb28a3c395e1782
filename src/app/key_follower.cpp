#include "app/key_follower.hpp"

#include <utility>

#include "base/log.hpp"

namespace postern::app {

void KeyFollower::follow(core::Store& store) {
    store.on_keys_changed([this, &store] { reload(store); });
}

void KeyFollower::retry(core::Store& store) {
    if (failed_.exchange(false)) reload(store);
}

// One at a time: of two that overlap, the one that read the older keys might finish last.
void KeyFollower::reload(core::Store& store) {
    {
        const std::lock_guard lock(mutex_);
        again_ = reading_;
        if (std::exchange(reading_, true)) return;
    }
    store.read([this](core::Reader& reader) -> Result<void> { return ring_.load(TRY(reader.list_keys())); },
               [this, &store](Result<void> outcome) { finish(store, outcome); });
}

void KeyFollower::finish(core::Store& store, const Result<void>& outcome) {
    if (outcome.has_value()) {
        log::info("keys_reloaded");
    } else {
        failed_ = true;
        log::error("keys_not_reloaded", {{"error", outcome.error().message}});
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

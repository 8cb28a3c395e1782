#include "app/key_follower.hpp"

#include "base/log.hpp"

namespace postern::app {

void KeyFollower::follow(core::Store& store) {
    store.on_keys_changed([this, &store] { reload(store); });
}

void KeyFollower::retry(core::Store& store) {
    if (failed_.exchange(false)) reload(store);
}

void KeyFollower::reload(core::Store& store) {
    store.read([this](core::Reader& reader) -> Result<void> { return ring_.load(TRY(reader.list_keys())); },
               [this](Result<void> outcome) {
                   if (outcome) return log::info("keys_reloaded");
                   failed_ = true;
                   log::error("keys_not_reloaded", {{"error", outcome.error().message}});
               });
}

}  // namespace postern::app

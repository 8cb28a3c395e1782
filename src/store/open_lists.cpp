#include "store/open_lists.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace postern::store {
namespace {

// A list is nearly full when less than this share of it is left: time enough to open the next one at any rate of login.
constexpr std::uint32_t nearly_full_divisor = 8;
// Work may run with a `now` of a moment ago; older windows can take no token any more.
constexpr std::int64_t windows_kept_open = 2;

}  // namespace

OpenLists::OpenLists(Milliseconds window) : window_(window) {}

std::int64_t OpenLists::window_of(Timestamp now) const {
    return (to_milliseconds(now) + window_.count()) / window_.count();
}

Result<core::SlotRef> OpenLists::reserve(std::string_view kid, Timestamp now) {
    const std::lock_guard lock(mutex_);
    const auto place = open_.find(Place(kid, window_of(now)));
    if (place != open_.end()) {
        for (Open& open : place->second) {
            if (open.next < open.list.slots) return core::SlotRef{open.list.id, open.next++};
        }
    }
    return conflict("list_needed", "no revocation list is open for the key " + std::string(kid));
}

ListInfo OpenLists::list_for(std::string_view kid, Timestamp now) const {
    // A token of the window's last moment lives for one window more; clocks may disagree a little about when that is.
    const auto end = from_milliseconds((window_of(now) + 1) * window_.count()) + limits::clock_leeway;
    return {core::ListId::make(now), std::string(kid), end, limits::list_slots, false};
}

void OpenLists::opened(const ListInfo& list) {
    const std::int64_t window = window_of(list.expires_at - limits::clock_leeway - 2 * window_);
    const std::lock_guard lock(mutex_);
    open_[Place(list.kid, window)].push_back({list, 0});
    std::erase_if(open_, [window](const auto& entry) { return entry.first.second < window - windows_kept_open; });
}

void OpenLists::close_all() {
    const std::lock_guard lock(mutex_);
    open_.clear();
}

std::vector<ListInfo> OpenLists::wanted_ahead(Timestamp now) const {
    const std::lock_guard lock(mutex_);
    const std::int64_t window = window_of(now);
    std::vector<ListInfo> wanted;
    for (const auto& [place, lists] : open_) {
        const bool used = std::ranges::any_of(lists, [](const Open& open) { return open.next > 0; });
        if (place.second != window || !used) continue;
        if (!open_.contains(Place(place.first, window + 1))) wanted.push_back(list_for(place.first, now + window_));
        const bool nearly_full = std::ranges::all_of(lists, [](const Open& open) {
            return open.list.slots - open.next < open.list.slots / nearly_full_divisor;
        });
        if (nearly_full) wanted.push_back(list_for(place.first, now));
    }
    return wanted;
}

}  // namespace postern::store

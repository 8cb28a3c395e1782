#include "lists.hpp"

#include <algorithm>
#include <mutex>

#include "base/limits.hpp"

namespace postern::client {
namespace {

constexpr std::size_t most_lists = 4096;
// How long a "no such list" counts.
constexpr auto missing_time = std::chrono::seconds(5);
// A list that was asked for and that no feed tells the end of: longer than access tokens live.
constexpr auto forget_time = std::chrono::hours(24);

void advance(std::optional<Steady>& known_at, Steady at) {
    if (!known_at || *known_at < at) known_at = at;
}

}  // namespace

bool Lists::List::is_against_any() const {
    return revoked || missing_since || std::ranges::any_of(bits, [](std::uint8_t byte) { return byte != 0; });
}

void Lists::List::add(const std::vector<std::uint8_t>& more) {
    slots = std::max(slots, more.size() * 8);
    if (bits.size() < more.size()) bits.resize(more.size());
    for (std::size_t i = 0; i < more.size(); ++i) bits[i] |= more[i];
    whole = true;
    missing_since.reset();
}

SlotKnowledge Lists::state(const core::SlotRef& slot, Steady now) const {
    const std::shared_lock lock(mutex_);
    const auto found = lists_.find(slot.list);
    if (found == lists_.end()) return SlotKnowledge::unknown;
    const List& list = found->second;
    if (list.missing_since) {
        return now - *list.missing_since < missing_time ? SlotKnowledge::revoked : SlotKnowledge::missing;
    }
    if (list.revoked || list.has(slot.index)) return SlotKnowledge::revoked;
    if (!list.whole) return SlotKnowledge::unknown;
    if (slot.index >= list.slots) return SlotKnowledge::revoked;
    const bool fresh = is_fresh(list.fetched_at, now) || is_fresh(feed_fresh_at_, now);
    return fresh ? SlotKnowledge::live : SlotKnowledge::stale;
}

Lists::List* Lists::tell(const core::ListId& id) {
    const auto found = lists_.find(id);
    if (found == lists_.end() && lists_.size() >= most_lists) return nullptr;
    if (told_) told_->insert(id);
    return found == lists_.end() ? &lists_[id] : &found->second;
}

void Lists::begin_snapshot() {
    const std::unique_lock lock(mutex_);
    told_.emplace();
}

bool Lists::put_snapshot(const core::ListId& id, Timestamp expires_at, bool revoked,
                         const std::vector<std::uint8_t>& bits) {
    const std::unique_lock lock(mutex_);
    List* list = tell(id);
    if (list == nullptr) return false;
    list->expires_at = expires_at;
    list->revoked = list->revoked || revoked;
    list->add(bits);
    return true;
}

void Lists::end_snapshot() {
    const std::unique_lock lock(mutex_);
    if (!told_) return;
    for (auto& [id, list] : lists_) {
        if (told_->contains(id)) continue;
        list.whole = false;
        list.etag.clear();
    }
    std::erase_if(lists_, [](const auto& entry) { return !entry.second.whole && !entry.second.is_against_any(); });
    told_.reset();
}

void Lists::give_up_snapshot() {
    const std::unique_lock lock(mutex_);
    told_.reset();
}

bool Lists::open_list(const core::ListId& id, Timestamp expires_at) {
    const std::unique_lock lock(mutex_);
    List* list = tell(id);
    if (list == nullptr) return false;
    list->expires_at = expires_at;
    list->slots = std::max(list->slots, limits::status_list_bytes * 8);  // not told; it is the issuer who counts
    list->whole = true;
    list->missing_since.reset();
    return true;
}

bool Lists::revoke(const core::ListId& id, const std::vector<std::uint32_t>& indices) {
    const std::unique_lock lock(mutex_);
    List* list = tell(id);
    if (list == nullptr) return false;
    for (const std::uint32_t index : indices) {
        if (index / 8 >= limits::status_list_bytes) return false;
        if (index / 8 >= list->bits.size()) list->bits.resize(index / 8 + 1);
        list->bits[index / 8] = static_cast<std::uint8_t>(list->bits[index / 8] | 1U << (index % 8));
    }
    return true;
}

bool Lists::revoke_list(const core::ListId& id) {
    const std::unique_lock lock(mutex_);
    List* list = tell(id);
    if (list != nullptr) list->revoked = true;
    return list != nullptr;
}

void Lists::feed_is_fresh(Steady at) {
    const std::unique_lock lock(mutex_);
    advance(feed_fresh_at_, at);
    feed_tells_ = true;
}

void Lists::feed_is_not() {
    const std::unique_lock lock(mutex_);
    feed_tells_ = false;
}

bool Lists::feed_is_live(Steady now) const {
    const std::shared_lock lock(mutex_);
    // Two heartbeats may be late, not three: then polling begins while there is still time for it.
    return feed_tells_ && feed_fresh_at_ && now - *feed_fresh_at_ <= stale_after_ * 2 / 3;
}

bool Lists::put_fetched(const core::ListId& id, const std::vector<std::uint8_t>& bits, Timestamp copy_expires_at,
                        std::string etag, Steady true_at) {
    const std::unique_lock lock(mutex_);
    List* list = tell(id);
    if (list == nullptr) return false;
    list->add(bits);
    list->copy_expires_at = copy_expires_at;
    list->etag = std::move(etag);
    advance(list->fetched_at, true_at);
    return true;
}

void Lists::put_unchanged(const core::ListId& id, Steady true_at) {
    const std::unique_lock lock(mutex_);
    if (const auto found = lists_.find(id); found != lists_.end()) advance(found->second.fetched_at, true_at);
}

void Lists::put_missing(const core::ListId& id, Steady now) {
    const std::unique_lock lock(mutex_);
    if (List* list = tell(id)) {
        list->missing_since = now;
        list->whole = false;
        list->etag.clear();
    }
}

std::string Lists::etag_of(const core::ListId& id, Timestamp now) const {
    const std::shared_lock lock(mutex_);
    const auto found = lists_.find(id);
    const bool usable =
        found != lists_.end() && found->second.whole && found->second.copy_expires_at > now + stale_after_;
    return usable ? found->second.etag : std::string();
}

std::vector<core::ListId> Lists::to_poll(Milliseconds interval, Steady now) const {
    std::vector<core::ListId> due;
    if (feed_is_live(now)) return due;
    const std::shared_lock lock(mutex_);
    const auto is_recent = [&](const std::optional<Steady>& at) { return at && now - *at < interval; };
    for (const auto& [id, list] : lists_) {
        if (list.whole && !list.revoked && !is_recent(list.fetched_at) && !is_recent(feed_fresh_at_)) due.push_back(id);
    }
    return due;
}

void Lists::drop_expired(Timestamp now) {
    const auto steady = std::chrono::steady_clock::now();
    const std::unique_lock lock(mutex_);
    std::erase_if(lists_, [&](const auto& entry) {
        const List& list = entry.second;
        if (list.expires_at) return now > *list.expires_at + limits::clock_leeway;
        if (list.missing_since) return steady - *list.missing_since >= forget_time;
        return list.fetched_at && steady - *list.fetched_at >= forget_time;
    });
}

std::size_t Lists::count() const {
    const std::shared_lock lock(mutex_);
    return lists_.size();
}

}  // namespace postern::client

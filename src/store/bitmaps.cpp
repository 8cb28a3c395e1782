#include "store/bitmaps.hpp"

#include <algorithm>
#include <limits>

namespace postern::store {
namespace {

constexpr std::uint32_t word_bits = 64;
// Longer than a poll may take, however slow the database.
constexpr auto early_time = std::chrono::minutes(1);
constexpr auto never = std::numeric_limits<std::int64_t>::min();

std::uint64_t bit_of(std::uint32_t index) {
    return std::uint64_t{1} << (index % word_bits);
}

}  // namespace

struct Bitmaps::List {
    explicit List(const ListInfo& list)
        : expires_at(list.expires_at),
          slots(list.slots),
          revoked(list.revoked),
          words((list.slots + word_bits - 1) / word_bits) {}

    void revoke(std::uint32_t index) {
        if (index < slots) words[index / word_bits].fetch_or(bit_of(index), std::memory_order_release);
    }

    const Timestamp expires_at;
    const std::uint32_t slots;
    std::atomic<bool> revoked;
    std::vector<std::atomic<std::uint64_t>> words;
};

Bitmaps::Bitmaps(Milliseconds freshness_bound)
    : lists_(std::make_shared<const Lists>()), fresh_since_(never), freshness_bound_(freshness_bound) {}

core::SlotState Bitmaps::state(const core::SlotRef& ref) const noexcept {
    const auto list = find(ref.list);
    if (!list || ref.index >= list->slots) return core::SlotState::unknown;
    if (list->revoked.load(std::memory_order_acquire)) return core::SlotState::revoked;
    const auto word = list->words[ref.index / word_bits].load(std::memory_order_acquire);
    return (word & bit_of(ref.index)) != 0 ? core::SlotState::revoked : core::SlotState::live;
}

bool Bitmaps::is_fresh() const noexcept {
    const auto since = fresh_since_.load(std::memory_order_acquire);
    if (since == never) return false;
    return std::chrono::steady_clock::now().time_since_epoch().count() - since <= freshness_bound_.count();
}

void Bitmaps::put_list(const ListInfo& list, std::span<const std::uint32_t> revoked_slots) {
    const std::lock_guard lock(writing_);
    auto known = find(list.id);
    const bool is_new = !known;
    if (is_new) known = std::make_shared<List>(list);
    if (list.revoked) known->revoked.store(true, std::memory_order_release);
    for (const std::uint32_t index : revoked_slots) known->revoke(index);
    if (!is_new) return;
    if (const auto early = early_.extract(list.id)) {
        for (const std::uint32_t index : early.mapped().slots) known->revoke(index);
    }
    Lists lists = *snapshot();
    lists.emplace(list.id, std::move(known));
    publish(std::move(lists));
}

void Bitmaps::revoke(const core::SlotRef& ref) {
    if (const auto list = find(ref.list)) return list->revoke(ref.index);
    const std::lock_guard lock(writing_);
    if (const auto list = find(ref.list)) return list->revoke(ref.index);
    const auto [early, is_new] = early_.try_emplace(ref.list);
    if (is_new) early->second.since = std::chrono::steady_clock::now();
    early->second.slots.push_back(ref.index);
}

void Bitmaps::drop_lists_expired_at(Timestamp now) {
    const std::lock_guard lock(writing_);
    std::erase_if(early_, [oldest = std::chrono::steady_clock::now() - early_time](const auto& entry) {
        return entry.second.since < oldest;
    });
    const auto has_expired = [now](const auto& entry) { return entry.second->expires_at <= now; };
    const auto current = snapshot();
    if (std::ranges::none_of(*current, has_expired)) return;
    Lists lists = *current;
    std::erase_if(lists, has_expired);
    publish(std::move(lists));
}

void Bitmaps::mark_fresh(std::chrono::steady_clock::time_point poll_began) {
    const auto began = poll_began.time_since_epoch().count();
    auto since = fresh_since_.load(std::memory_order_relaxed);
    while (since < began && !fresh_since_.compare_exchange_weak(since, began, std::memory_order_release)) {
    }
}

void Bitmaps::drop(std::span<const core::ListId> ids) {
    if (ids.empty()) return;
    const std::lock_guard lock(writing_);
    Lists lists = *snapshot();
    for (const auto& id : ids) lists.erase(id);
    publish(std::move(lists));
}

std::vector<core::ListId> Bitmaps::list_ids() const {
    std::vector<core::ListId> ids;
    const auto lists = snapshot();  // held by name: a temporary would be gone before the loop begins
    for (const auto& [id, list] : *lists) ids.push_back(id);
    return ids;
}

std::size_t Bitmaps::list_count() const {
    return snapshot()->size();
}

std::size_t Bitmaps::memory_bytes() const {
    std::size_t bytes = 0;
    const auto lists = snapshot();
    for (const auto& [id, list] : *lists) bytes += sizeof(List) + list->words.size() * sizeof(list->words[0]);
    return bytes;
}

std::chrono::duration<double> Bitmaps::age() const noexcept {
    const auto since = fresh_since_.load(std::memory_order_acquire);
    if (since == never) return std::chrono::duration<double>(std::numeric_limits<double>::infinity());
    return std::chrono::steady_clock::now().time_since_epoch() - std::chrono::steady_clock::duration(since);
}

void Bitmaps::report(core::StoreFigures& figures) const {
    figures.lists = static_cast<std::int64_t>(list_count());
    figures.bitmap_bytes = static_cast<std::int64_t>(memory_bytes());
    figures.feed_age_seconds = age().count();
}

std::shared_ptr<const Bitmaps::Lists> Bitmaps::snapshot() const noexcept {
    return std::atomic_load_explicit(&lists_, std::memory_order_acquire);
}

std::shared_ptr<Bitmaps::List> Bitmaps::find(const core::ListId& id) const noexcept {
    const auto lists = snapshot();
    const auto found = lists->find(id);
    return found == lists->end() ? nullptr : found->second;
}

void Bitmaps::publish(Lists lists) {
    std::atomic_store_explicit(&lists_, std::make_shared<const Lists>(std::move(lists)), std::memory_order_release);
}

}  // namespace postern::store

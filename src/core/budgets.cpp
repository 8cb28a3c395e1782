#include "core/budgets.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/random.hpp"

namespace postern::core {
namespace {

constexpr std::int64_t slots_in_window = 10;
constexpr std::int64_t slots_kept = slots_in_window + 1;  // the oldest is partly within the window
// Entries that are looked at for one to drop; those that stay are as good as used.
constexpr std::size_t candidates = 8;
constexpr std::size_t dropped_at_once = 1000;
constexpr Milliseconds settling_time(1000);

std::uint64_t word_at(const std::array<std::uint8_t, 16>& bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    return word;
}

std::size_t place_of(std::int64_t slot) {
    return static_cast<std::size_t>(slot % slots_kept);
}

}  // namespace

std::array<std::uint8_t, 16> Budgets::half(const Digest& digest) {
    std::array<std::uint8_t, 16> bytes{};
    std::copy_n(digest.begin(), bytes.size(), bytes.begin());
    return bytes;
}

// The halves of digests are spread already; the seeds keep a stranger from knowing how.
std::size_t Budgets::Hash::operator()(const Key& key) const noexcept {
    std::uint64_t mixed = (word_at(key.first) ^ seeds[0]) * (seeds[1] | 1U);
    mixed = (mixed ^ (mixed >> 32U) ^ word_at(key.second) ^ static_cast<std::uint64_t>(key.kind)) * (seeds[2] | 1U);
    return mixed ^ (mixed >> 29U);
}

Budgets::Budgets(Milliseconds window, std::size_t capacity)
    : slot_length_(window.count() / slots_in_window), capacity_(capacity), index_(0, [] {
          Hash hash{};
          std::array<std::uint8_t, sizeof hash.seeds> random{};
          fill_random(random);
          std::memcpy(hash.seeds.data(), random.data(), random.size());
          return hash;
      }()) {}

std::int64_t Budgets::slot_of(Timestamp time) const {
    return to_milliseconds(time) / slot_length_;
}

void Budgets::move_on(Entry& entry, Timestamp now) const {
    const std::int64_t slot = slot_of(now);
    const std::int64_t passed = slot - entry.newest_slot;
    // A clock that was set back by more than a window says nothing of when the uses were.
    if (passed >= slots_kept || passed <= -slots_kept) {
        entry.uses.fill(0);
        entry.newest_slot = slot;
        return;
    }
    while (entry.newest_slot < slot) entry.uses.at(place_of(++entry.newest_slot)) = 0;
}

std::int64_t Budgets::total(const Entry& entry) {
    return std::accumulate(entry.uses.begin(), entry.uses.end(), std::int64_t{0});
}

Budgets::Entry* Budgets::find(const Key& key, Timestamp now) {
    const auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    move_on(*found->second, now);
    return &*found->second;
}

Milliseconds Budgets::wait(const Key& key, std::int64_t limit, Timestamp now) {
    const Entry* entry = find(key, now);
    if (entry == nullptr) return {};
    std::int64_t excess = total(*entry) - limit + 1;
    if (excess <= 0) return {};
    if (entry->under_way > 0) return settling_time;
    std::int64_t slot = entry->newest_slot - slots_in_window;
    for (; slot < entry->newest_slot; ++slot) {
        excess -= entry->uses.at(place_of(slot));
        if (excess <= 0) break;
    }
    const Timestamp free_at = from_milliseconds((slot + slots_kept) * slot_length_);
    return std::max(free_at - now, Milliseconds(1));
}

Budgets::Place Budgets::take(const Key& key, std::string_view name, Timestamp now) {
    auto found = index_.find(key);
    if (found == index_.end()) {
        make_room(now);
        entries_.push_front({.key = key, .name = std::string(name), .newest_slot = slot_of(now)});
        found = index_.emplace(key, entries_.begin()).first;
    } else {
        entries_.splice(entries_.begin(), entries_, found->second);
        move_on(*found->second, now);
    }
    Entry& entry = *found->second;
    ++entry.uses.at(place_of(entry.newest_slot));
    ++entry.under_way;
    return {key, entry.newest_slot};
}

void Budgets::keep(const Place& place) {
    const auto found = index_.find(place.key);
    if (found != index_.end() && found->second->under_way > 0) --found->second->under_way;
}

void Budgets::give_back(const Place& place, Timestamp now) {
    const auto found = index_.find(place.key);
    if (found == index_.end()) return;
    Entry& entry = *found->second;
    if (entry.under_way > 0) --entry.under_way;
    move_on(entry, now);
    std::uint32_t& uses = entry.uses.at(place_of(place.slot));
    const bool counts_still = place.slot <= entry.newest_slot && place.slot > entry.newest_slot - slots_kept;
    if (counts_still && uses > 0) --uses;
    if (entry.under_way == 0 && total(entry) == 0) erase(found->second);
}

void Budgets::forget(const Key& key) {
    const auto found = index_.find(key);
    if (found != index_.end()) erase(found->second);
}

std::int64_t Budgets::used(const Key& key, Timestamp now) {
    const Entry* entry = find(key, now);
    return entry == nullptr ? 0 : total(*entry);
}

std::vector<const Budgets::Entry*> Budgets::full_entries(Kind kind, std::int64_t limit, Timestamp now) {
    std::vector<const Entry*> full;
    for (Entry& entry : entries_) {
        if (entry.key.kind != kind) continue;
        move_on(entry, now);
        if (total(entry) >= limit) full.push_back(&entry);
    }
    return full;
}

void Budgets::tidy(Timestamp now) {
    for (std::size_t dropped = 0; dropped < dropped_at_once && !entries_.empty(); ++dropped) {
        const auto oldest = std::prev(entries_.end());
        move_on(*oldest, now);
        if (total(*oldest) > 0 || oldest->under_way > 0) return;
        erase(oldest);
    }
}

void Budgets::erase(Entries::iterator entry) {
    index_.erase(entry->key);
    entries_.erase(entry);
}

// What has passed goes a few at a time, so that memory shrinks again while others come.
void Budgets::make_room(Timestamp now) {
    auto fewest = entries_.end();
    std::int64_t fewest_uses = 0;
    const bool full = entries_.size() >= capacity_;
    for (std::size_t looked = 0; looked < candidates && !entries_.empty(); ++looked) {
        const auto oldest = std::prev(entries_.end());
        move_on(*oldest, now);
        const std::int64_t uses = total(*oldest);
        if (uses == 0 && oldest->under_way == 0) {
            erase(oldest);
            continue;
        }
        if (!full) break;
        if (fewest == entries_.end() || uses < fewest_uses) {
            fewest = oldest;
            fewest_uses = uses;
        }
        entries_.splice(entries_.begin(), entries_, oldest);
    }
    if (entries_.size() >= capacity_ && fewest != entries_.end()) erase(fewest);
}

}  // namespace postern::core

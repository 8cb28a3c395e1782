#include "store/bitmaps.hpp"

#include <algorithm>
#include <limits>

#include "base/zlib.hpp"
#include "store/compressed_bits.hpp"

namespace postern::store {
namespace {

using Zlib = std::shared_ptr<const std::vector<std::uint8_t>>;

constexpr std::size_t byte_bits = 8;
constexpr std::size_t word_bits = 64;
constexpr std::size_t block_bits = CompressedBits::block_bytes * byte_bits;
// Longer than a poll may take, however slow the database.
constexpr auto early_time = std::chrono::minutes(1);
constexpr auto never = std::numeric_limits<std::int64_t>::min();

std::uint64_t bit_of(std::uint32_t index) {
    return std::uint64_t{1} << (index % word_bits);
}

}  // namespace

struct Bitmaps::List {
    explicit List(const ListInfo& list)
        : info(list),
          revoked(list.revoked),
          words((list.slots + word_bits - 1) / word_bits),
          published((list.slots + byte_bits - 1) / byte_bits),
          unchanged(published.blocks()) {}

    // Sets the bits; gives back those that were not set.
    std::vector<std::uint32_t> revoke(std::span<const std::uint32_t> slots) {
        std::vector<std::uint32_t> flipped;
        for (const std::uint32_t index : slots) {
            if (index >= info.slots) continue;
            const auto before = words[index / word_bits].fetch_or(bit_of(index), std::memory_order_acq_rel);
            if ((before & bit_of(index)) != 0) continue;
            unchanged[index / block_bits].store(false, std::memory_order_release);
            version.fetch_add(1, std::memory_order_release);
            flipped.push_back(index);
        }
        return flipped;
    }

    // Says whether it was not.
    bool revoke_all() {
        if (revoked.exchange(true, std::memory_order_acq_rel)) return false;
        version.fetch_add(1, std::memory_order_release);
        return true;
    }

    core::PublishedList publish();
    Zlib compress_changes();
    void read_block(std::size_t block, std::span<std::uint8_t> bytes) const;

    const ListInfo info;
    std::atomic<bool> revoked;
    std::vector<std::atomic<std::uint64_t>> words;
    std::atomic<std::uint64_t> version = 0;

    std::mutex publishing;  // guards the next two
    CompressedBits published;
    core::PublishedList last;
    std::vector<std::atomic<bool>> unchanged;  // for each block of it: since it was last published
    std::atomic<std::size_t> published_bytes = 0;
};

core::PublishedList Bitmaps::List::publish() {
    const std::lock_guard lock(publishing);
    const auto as_of = version.load(std::memory_order_acquire);
    if (last.zlib && last.version == as_of) return last;
    const bool whole = revoked.load(std::memory_order_acquire);
    if (!whole) {
        last.zlib = compress_changes();
    } else if (!last.revoked) {
        published = CompressedBits(0);
        last.zlib = std::make_shared<const std::vector<std::uint8_t>>(
            deflate_zlib(std::vector<std::uint8_t>((info.slots + byte_bits - 1) / byte_bits, 0xff)));
    }
    last.id = info.id;
    last.kid = info.kid;
    last.expires_at = info.expires_at;
    last.revoked = whole;
    last.version = as_of;
    published_bytes = last.zlib->size();
    return last;
}

Zlib Bitmaps::List::compress_changes() {
    std::vector<std::size_t> changed;
    for (std::size_t block = 0; block < unchanged.size(); ++block) {
        if (!unchanged[block].exchange(true, std::memory_order_acq_rel)) changed.push_back(block);
    }
    try {
        return published.update(changed,
                                [this](std::size_t block, std::span<std::uint8_t> bytes) { read_block(block, bytes); });
    } catch (...) {
        for (const std::size_t block : changed) unchanged[block].store(false, std::memory_order_release);
        throw;
    }
}

void Bitmaps::List::read_block(std::size_t block, std::span<std::uint8_t> bytes) const {
    constexpr std::size_t word_bytes = word_bits / byte_bits;
    const std::size_t first_word = block * block_bits / word_bits;
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i % word_bytes == 0) word = words[first_word + i / word_bytes].load(std::memory_order_acquire);
        bytes[i] = static_cast<std::uint8_t>(word >> (i % word_bytes * byte_bits));
    }
}

Bitmaps::Bitmaps(Milliseconds freshness_bound)
    : lists_(std::make_shared<const Lists>()),
      fresh_since_(never),
      doubted_at_(never),
      freshness_bound_(freshness_bound) {}

core::SlotState Bitmaps::state(const core::SlotRef& ref) const noexcept {
    const auto list = find(ref.list);
    if (!list || ref.index >= list->info.slots) return core::SlotState::unknown;
    if (list->revoked.load(std::memory_order_acquire)) return core::SlotState::revoked;
    const auto word = list->words[ref.index / word_bits].load(std::memory_order_acquire);
    return (word & bit_of(ref.index)) != 0 ? core::SlotState::revoked : core::SlotState::live;
}

bool Bitmaps::is_fresh() const noexcept {
    const auto since = fresh_since_.load(std::memory_order_acquire);
    if (since == never || since <= doubted_at_.load(std::memory_order_acquire)) return false;
    return std::chrono::steady_clock::now().time_since_epoch().count() - since <= freshness_bound_.count();
}

std::optional<std::uint64_t> Bitmaps::version_of(const core::ListId& list) const {
    const auto found = find(list);
    if (!found) return std::nullopt;
    return found->version.load(std::memory_order_acquire);
}

std::optional<core::PublishedList> Bitmaps::publish(const core::ListId& list) const {
    const auto found = find(list);
    if (!found) return std::nullopt;
    return found->publish();
}

void Bitmaps::put_list(const ListInfo& list, std::span<const std::uint32_t> revoked_slots) {
    const std::lock_guard lock(writing_);
    auto known = find(list.id);
    const bool is_new = !known;
    if (is_new) known = std::make_shared<List>(list);
    auto flipped = known->revoke(revoked_slots);
    if (is_new) {
        if (const auto early = early_.extract(list.id)) {
            const auto more = known->revoke(early.mapped().slots);
            flipped.insert(flipped.end(), more.begin(), more.end());
        }
        Lists lists = *snapshot();
        lists.emplace(list.id, known);
        swap_in(std::move(lists));
        listener_.tell({core::RevocationChange::Kind::list_opened, list.id, list.expires_at, {}});
    }
    const bool whole = is_new ? list.revoked : list.revoked && known->revoke_all();
    tell_revoked(list.id, std::move(flipped));
    if (whole) listener_.tell({core::RevocationChange::Kind::list_revoked, list.id, list.expires_at, {}});
}

void Bitmaps::revoke(const core::ListId& id, std::span<const std::uint32_t> slots) {
    const std::lock_guard lock(writing_);
    if (const auto list = find(id)) {
        tell_revoked(id, list->revoke(slots));
        return;
    }
    const auto [early, is_new] = early_.try_emplace(id);
    if (is_new) early->second.since = std::chrono::steady_clock::now();
    early->second.slots.insert(early->second.slots.end(), slots.begin(), slots.end());
}

void Bitmaps::tell_revoked(const core::ListId& id, std::vector<std::uint32_t> slots) {
    if (slots.empty()) return;
    listener_.tell({core::RevocationChange::Kind::slots_revoked, id, {}, std::move(slots)});
}

void Bitmaps::drop_lists_expired_at(Timestamp now) {
    const std::lock_guard lock(writing_);
    std::erase_if(early_, [oldest = std::chrono::steady_clock::now() - early_time](const auto& entry) {
        return entry.second.since < oldest;
    });
    const auto has_expired = [now](const auto& entry) { return entry.second->info.expires_at <= now; };
    const auto current = snapshot();
    if (std::ranges::none_of(*current, has_expired)) return;
    Lists lists = *current;
    std::erase_if(lists, has_expired);
    swap_in(std::move(lists));
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
    std::vector<core::ListId> dropped;
    for (const auto& id : ids) {
        if (lists.erase(id) > 0) dropped.push_back(id);
    }
    swap_in(std::move(lists));
    for (const auto& id : dropped) listener_.tell({core::RevocationChange::Kind::list_revoked, id, {}, {}});
}

void Bitmaps::doubt() {
    doubted_at_.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_release);
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
    for (const auto& [id, list] : *lists) {
        bytes += sizeof(List) + list->words.size() * sizeof(list->words[0]) + list->published_bytes;
    }
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

void Bitmaps::swap_in(Lists lists) {
    std::atomic_store_explicit(&lists_, std::make_shared<const Lists>(std::move(lists)), std::memory_order_release);
}

}  // namespace postern::store

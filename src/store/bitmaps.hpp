// The revocation bits of every live list, in memory, derived from the store's rows. One bit a slot.
//
// Reading is wait-free but for loading a pointer. Flips are idempotent, the feed may say the same thing twice; who
// flips a bit first tells of it. Writers exclude each other until they have told, so that a list is told of before its
// bits.
//
// Publishing shares no lock with either. Its order makes sure that what is published is never older than its version:
//   flip      set the bit, then mark its block as changed, then move the version on
//   publish   read the version, then unmark the blocks that are marked, then read their bits
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "core/store.hpp"
#include "store/change_listener.hpp"

namespace postern::store {

struct ListInfo {
    core::ListId id;
    std::string kid;       // the key whose tokens have their slots here
    Timestamp expires_at;  // no token of the list lives longer: then the list is dropped whole
    std::uint32_t slots = 0;
    bool revoked = false;  // its key was revoked: every slot counts as revoked
};

class Bitmaps final : public core::Revocations {
public:
    // For as long as is_fresh() may trust one completed poll.
    explicit Bitmaps(Milliseconds freshness_bound);

    [[nodiscard]] core::SlotState state(const core::SlotRef& ref) const noexcept override;
    [[nodiscard]] bool is_fresh() const noexcept override;
    [[nodiscard]] std::optional<std::uint64_t> version_of(const core::ListId& list) const override;
    [[nodiscard]] std::optional<core::PublishedList> publish(const core::ListId& list) const override;
    [[nodiscard]] std::vector<core::ListId> list_ids() const override;

    // Adds the list with these slots revoked, all at once; a list that is here already only gains: neither `revoked`
    // nor a bit is ever taken back. Ignores indices past the end.
    void put_list(const ListInfo& list, std::span<const std::uint32_t> revoked_slots = {});
    // For a list that is not here the bit is kept for a minute, in case a poll is about to bring the list in from a
    // snapshot that is older than this; otherwise its window has passed.
    void revoke(const core::ListId& list, std::span<const std::uint32_t> slots);
    void revoke(const core::SlotRef& ref) { revoke(ref.list, std::span(&ref.index, 1)); }
    void drop_lists_expired_at(Timestamp now);
    // Everything committed before `poll_began` is in here now.
    void mark_fresh(std::chrono::steady_clock::time_point poll_began);
    // Something may have been committed that is not in here: nothing is fresh until a poll that begins after this.
    void doubt();

    // What a node forgets after a rebuild: lists that the database no longer has (a failover lost them). Others are
    // told that they are revoked, since from now on they are unknown here.
    void drop(std::span<const core::ListId> ids);
    // What core::Store::on_revocations() promises.
    void on_learnt(std::function<void(const core::RevocationChange&)> learnt) { listener_.set(std::move(learnt)); }
    [[nodiscard]] std::size_t list_count() const;
    [[nodiscard]] std::size_t memory_bytes() const;
    // Since the beginning of the last completed poll; infinite before the first.
    [[nodiscard]] std::chrono::duration<double> age() const noexcept;
    void report(core::StoreFigures& figures) const;

private:
    struct List;
    using Lists = std::unordered_map<core::ListId, std::shared_ptr<List>>;
    [[nodiscard]] std::shared_ptr<const Lists> snapshot() const noexcept;
    [[nodiscard]] std::shared_ptr<List> find(const core::ListId& id) const noexcept;
    void swap_in(Lists lists);
    void tell_revoked(const core::ListId& id, std::vector<std::uint32_t> slots);

    struct Early {
        std::chrono::steady_clock::time_point since;
        std::vector<std::uint32_t> slots;
    };
    Listener<core::RevocationChange> listener_;  // told under writing_
    std::mutex writing_;
    std::unordered_map<core::ListId, Early> early_;  // bits that came before their list
    std::shared_ptr<const Lists> lists_;             // swapped whole, through std::atomic_load and std::atomic_store
    std::atomic<std::int64_t> fresh_since_;          // steady clock, in its own ticks
    std::atomic<std::int64_t> doubted_at_;           // likewise
    const std::chrono::steady_clock::duration freshness_bound_;
};

}  // namespace postern::store

// The revocation bits of the lists in use, and how old the knowledge of them is.
//
// Knowledge only grows: a bit that was set is never taken back, so what is repeated or comes in another order does no
// harm. Thread-safe. Times are of a clock that never runs back, but for the ends of lists.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "core/records.hpp"

namespace postern::client {

using Steady = std::chrono::steady_clock::time_point;

enum class SlotKnowledge {
    live,
    revoked,
    unknown,  // the list has to be fetched
    missing,  // that, too, and revoked if it cannot be: the issuer said a while ago that there is no such list
    stale,    // not revoked when last heard of, which is too long ago
};

class Lists {
public:
    explicit Lists(Milliseconds stale_after) : stale_after_(stale_after) {}

    [[nodiscard]] SlotKnowledge state(const core::SlotRef& slot, Steady now) const;

    // --- what the feed tells; a false answer: more than any server of ours would have ---
    // What was known stays until end_snapshot(). Of lists that the snapshot did not hold then only what is against
    // their tokens counts, until they are fetched.
    void begin_snapshot();
    [[nodiscard]] bool put_snapshot(const core::ListId& list, Timestamp expires_at, bool revoked,
                                    const std::vector<std::uint8_t>& bits);
    void end_snapshot();
    void give_up_snapshot();
    [[nodiscard]] bool open_list(const core::ListId& list, Timestamp expires_at);
    // The list may be one that is not known yet: then this is remembered until it is fetched.
    [[nodiscard]] bool revoke(const core::ListId& list, const std::vector<std::uint32_t>& indices);
    [[nodiscard]] bool revoke_list(const core::ListId& list);
    // All that was revoked until `at` has been told.
    void feed_is_fresh(Steady at);
    // From now on the feed tells nothing; what it told counts for a while.
    void feed_is_not();
    [[nodiscard]] bool feed_is_live(Steady now) const;

    // --- what is fetched; `true_at`: when the issuer surely said so ---
    [[nodiscard]] bool put_fetched(const core::ListId& list, const std::vector<std::uint8_t>& bits,
                                   Timestamp copy_expires_at, std::string etag, Steady true_at);
    void put_unchanged(const core::ListId& list, Steady true_at);
    // The issuer knows no such list: its tokens are refused.
    void put_missing(const core::ListId& list, Steady now);
    // What to ask with; empty when the copy may not be used for much longer.
    [[nodiscard]] std::string etag_of(const core::ListId& list, Timestamp now) const;
    // Whose knowledge is older than `interval`; none while the feed is live.
    [[nodiscard]] std::vector<core::ListId> to_poll(Milliseconds interval, Steady now) const;

    void drop_expired(Timestamp now);
    [[nodiscard]] std::size_t count() const;

private:
    struct List {
        std::optional<Timestamp> expires_at;  // only the feed tells it
        std::vector<std::uint8_t> bits;       // may be shorter than the list: zeroes follow
        std::size_t slots = 0;
        bool whole = false;    // otherwise only some bits are known, from the feed
        bool revoked = false;  // every slot
        std::optional<Steady> missing_since;
        std::optional<Steady> fetched_at;
        Timestamp copy_expires_at;
        std::string etag;

        [[nodiscard]] bool has(std::uint32_t index) const {
            return index / 8 < bits.size() && ((bits[index / 8] >> (index % 8)) & 1U) != 0;
        }
        [[nodiscard]] bool is_against_any() const;
        void add(const std::vector<std::uint8_t>& more);
    };
    // Null when there is no room.
    List* tell(const core::ListId& list);
    [[nodiscard]] bool is_fresh(const std::optional<Steady>& known_at, Steady now) const {
        return known_at && now - *known_at <= stale_after_;
    }

    const Milliseconds stale_after_;
    mutable std::shared_mutex mutex_;
    std::unordered_map<core::ListId, List> lists_;
    std::optional<std::set<core::ListId>> told_;  // lists of the snapshot that is arriving
    std::optional<Steady> feed_fresh_at_;
    bool feed_tells_ = false;
};

}  // namespace postern::client

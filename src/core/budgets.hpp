// How much of something is used up within the last window, for many keys, in bounded memory.
//
// A key's uses are counted in slots of a tenth of the window, and a use counts until its whole slot is a window old: no
// window of any position ever holds more than the limit. When room is short, keys that were not used lately go first,
// and of those the ones with the fewest uses. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/digest.hpp"

namespace postern::core {

class Budgets {
public:
    // Of what kind a key is, so that equal bytes of two kinds are two keys.
    enum class Kind : std::uint8_t { network, account_network, device, requests, stranger };
    struct Key {
        Kind kind = Kind::network;
        std::array<std::uint8_t, 16> first{};
        std::array<std::uint8_t, 16> second{};
        bool operator==(const Key&) const = default;
    };
    // The leading half of a digest, as part of a key.
    static std::array<std::uint8_t, 16> half(const Digest& digest);

    // A place that was taken: where to give it back.
    struct Place {
        Key key;
        std::int64_t slot = 0;
    };
    struct Entry {
        Key key;
        std::string name;  // what a list shows; empty: not listed
        std::int64_t newest_slot = 0;
        std::array<std::uint32_t, 11> uses{};  // by slot, modulo their number
        std::uint32_t under_way = 0;           // of those, not settled yet
    };

    Budgets(Milliseconds window, std::size_t capacity);

    // How long until a place may be free; zero when there is one now. While uses are under way, a second: they are
    // settled by then.
    [[nodiscard]] Milliseconds wait(const Key& key, std::int64_t limit, Timestamp now);
    // Takes a place, whatever the limit; ask wait() first.
    Place take(const Key& key, std::string_view name, Timestamp now);
    // The use counts.
    void keep(const Place& place);
    // It never was.
    void give_back(const Place& place, Timestamp now);

    void forget(const Key& key);
    // Drops what has passed, a bounded number at a time.
    void tidy(Timestamp now);
    [[nodiscard]] std::int64_t used(const Key& key, Timestamp now);
    // Entries of one kind with at least `limit` uses.
    [[nodiscard]] std::vector<const Entry*> full_entries(Kind kind, std::int64_t limit, Timestamp now);
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

private:
    struct Hash {
        std::array<std::uint64_t, 3> seeds;  // a stranger chooses the keys, and must not choose their buckets
        std::size_t operator()(const Key& key) const noexcept;
    };
    using Entries = std::list<Entry>;  // used last in front

    [[nodiscard]] std::int64_t slot_of(Timestamp time) const;
    // Forgets the slots that have passed.
    void move_on(Entry& entry, Timestamp now) const;
    [[nodiscard]] static std::int64_t total(const Entry& entry);
    Entry* find(const Key& key, Timestamp now);
    void erase(Entries::iterator entry);
    void make_room(Timestamp now);

    const std::int64_t slot_length_;  // milliseconds
    const std::size_t capacity_;
    Entries entries_;
    std::unordered_map<Key, Entries::iterator, Hash> index_;
};

}  // namespace postern::core

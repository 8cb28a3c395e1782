// The feed: how a node learns what others committed (other nodes on PostgreSQL, the CLI beside SQLite).
//
// Rows that matter to memory (lists, revoked slots, keys) carry the change number of the transaction that wrote them;
// clients, which are deleted too, share one. A
// poll reads, in one snapshot, every row at or above the last poll's horizon, and then takes the snapshot's horizon for
// the next one: what a slow transaction commits later carries a number at or above that horizon, so it is read then.
// Reading a row twice is harmless. After a lost connection the node rebuilds from all rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/bitmaps.hpp"
#include "store/driver.hpp"

namespace postern::store {

// What a poll found besides revocations. The first one compares with a new database.
struct FeedNews {
    bool keys_changed = false;
    bool clients_changed = false;
};

class Feed {
public:
    explicit Feed(Bitmaps& bitmaps) : bitmaps_(bitmaps) {}

    // One poll over `connection`, which is in no transaction. The first one, and the one after forget(), reads every
    // live list and every revoked slot, and drops the lists that the database no longer has. Marks the bitmaps fresh
    // as of its beginning. On an error the bitmaps stay as they were. Used by one thread at a time.
    Result<FeedNews> poll(Connection& connection, Timestamp now);
    void forget() { horizon_.reset(); }

private:
    // What one snapshot has to tell.
    struct Changes {
        std::int64_t horizon = 0;
        bool complete = false;  // everything, not just what is at or above the last horizon
        std::vector<ListInfo> lists;
        std::unordered_map<core::ListId, std::vector<std::uint32_t>> revoked;
        std::vector<std::int64_t> key_changes;
        std::int64_t clients_mark = 0;
    };
    Result<Changes> read(Connection& connection, Timestamp now) const;
    void apply(Changes& changes, const std::vector<core::ListId>& known_before);

    Bitmaps& bitmaps_;
    std::optional<std::int64_t> horizon_;
    std::vector<std::int64_t> key_changes_;  // the change number of every key, in order of kid
    std::int64_t clients_mark_ = 0;          // the change number of the last transaction that changed a client
};

}  // namespace postern::store

// core::Transaction and core::Reader over any Connection: every statement of the rules, once.
//
// The statements stand in accounts.cpp, sessions.cpp, slots.cpp, keys.cpp and audit.cpp; this class gathers them.
#pragma once

#include <vector>

#include "core/store.hpp"
#include "store/driver.hpp"
#include "store/open_lists.hpp"

namespace postern::store {

// What must happen in memory once the transaction is durable.
struct Pending {
    std::vector<core::SlotRef> revoked;
    bool keys_changed = false;
    bool feed_changed = false;  // other nodes have something to read
    // Set when reserve_slot found no open list: for this key, at this time.
    std::optional<std::pair<std::string, Timestamp>> list_needed;
};

}  // namespace postern::store

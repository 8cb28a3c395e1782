// Which revocation list the next slot comes from: one open list for each signing key and window of this server's start.
//
// A list takes tokens issued while its window is the current one: window = floor((now + access_token_life) /
// access_token_life), so that none outlives the window's end. Memory only. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/bitmaps.hpp"

namespace postern::store {

class OpenLists {
public:
    explicit OpenLists(Milliseconds window);

    // A slot never given before. Errors: conflict "list_needed" when no list is open for (kid, now): the engine then
    // rolls the work back, commits the row of list_for(kid, now), hands it to opened(), and runs the work again.
    Result<core::SlotRef> reserve(std::string_view kid, Timestamp now);

    // A fresh list for that key and moment. Several may be made for the same (two threads in need): all are good.
    [[nodiscard]] ListInfo list_for(std::string_view kid, Timestamp now) const;
    // Its row is committed and its bitmap exists: slots may come from it.
    void opened(const ListInfo& list);

    // Gives out no more slots of the lists that are open: the database that has their rows may be gone (a failover to a
    // standby that never saw them).
    void close_all();

    // Lists to open ahead of need: the next window of every key used lately, and replacements for those nearly full.
    [[nodiscard]] std::vector<ListInfo> wanted_ahead(Timestamp now) const;

private:
    struct Open {
        ListInfo list;
        std::uint32_t next = 0;
    };
    using Place = std::pair<std::string, std::int64_t>;  // kid, window
    [[nodiscard]] std::int64_t window_of(Timestamp now) const;

    const Milliseconds window_;
    mutable std::mutex mutex_;
    std::map<Place, std::vector<Open>> open_;
};

}  // namespace postern::store

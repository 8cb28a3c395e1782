// Failed logins on their way into the audit trail: counted, not written one by one.
//
// The first of a kind is told at the next flush, those that follow once a minute, as one record with their number. What
// concerns no account is told for each network, not for each address that a stranger made up. Bounded by
// limits::throttle_entries: past it, failures are told without saying of whom. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/store.hpp"

namespace postern::core {

class FailedLogins {
public:
    // `outcome` is the stable word of why; `network` and `account` may be unknown.
    void note(const std::optional<AccountId>& account, std::string_view network, std::string_view outcome);

    struct Summary {
        std::optional<AccountId> account;
        std::string network;
        std::string outcome;
        std::int64_t count = 0;
    };
    // What is due at `now`. Taken out; put it back when it could not be written.
    std::vector<Summary> take(Timestamp now);
    void put_back(const std::vector<Summary>& summaries);

private:
    using Key = std::tuple<std::optional<AccountId>, std::string, std::string>;
    struct Entry {
        std::int64_t count = 0;
        std::optional<Timestamp> told_at;
    };
    void add(const Key& key, std::int64_t count);

    std::mutex mutex_;
    std::map<Key, Entry> entries_;
};

// In the transaction of a flush: one record "login.failed" for each.
Result<void> record_failed_logins(Transaction& transaction, const std::vector<FailedLogins::Summary>& summaries,
                                  Timestamp now);

}  // namespace postern::core

#include "core/failed_logins.hpp"

#include "base/limits.hpp"
#include "core/audit.hpp"

namespace postern::core {

void FailedLogins::note(const std::optional<AccountId>& account, std::string_view network, std::string_view outcome) {
    const std::lock_guard lock(mutex_);
    add({account, std::string(network), std::string(outcome)}, 1);
}

void FailedLogins::add(const Key& key, std::int64_t count) {
    const bool fits = entries_.size() < limits::throttle_entries || entries_.contains(key);
    Entry& entry = entries_[fits ? key : Key{std::nullopt, "", std::get<2>(key)}];
    entry.count += count;
}

std::vector<FailedLogins::Summary> FailedLogins::take(Timestamp now) {
    const std::lock_guard lock(mutex_);
    std::vector<Summary> due;
    for (auto at = entries_.begin(); at != entries_.end();) {
        auto& [key, entry] = *at;
        // A clock that was set back must not silence anything.
        const bool told_lately =
            entry.told_at && now >= *entry.told_at && now - *entry.told_at < limits::failed_login_record_interval;
        if (told_lately || due.size() >= limits::throttle_flush_rows) {
            ++at;
            continue;
        }
        if (entry.count == 0) {
            at = entries_.erase(at);
            continue;
        }
        const auto& [account, network, outcome] = key;
        due.push_back({account, network, outcome, entry.count});
        entry = {.count = 0, .told_at = now};
        ++at;
    }
    return due;
}

void FailedLogins::put_back(const std::vector<Summary>& summaries) {
    const std::lock_guard lock(mutex_);
    for (const Summary& summary : summaries) {
        const Key key{summary.account, summary.network, summary.outcome};
        add(key, summary.count);
        if (const auto found = entries_.find(key); found != entries_.end()) found->second.told_at.reset();
    }
}

Result<void> record_failed_logins(Transaction& transaction, const std::vector<FailedLogins::Summary>& summaries,
                                  Timestamp now) {
    for (const auto& [account, network, outcome, count] : summaries) {
        // Of an account that has been deleted since, nothing personal may come after its erasure.
        const bool erased = account && !TRY(transaction.find_account(*account)).has_value();
        const Actor actor{.name = "anonymous", .address = erased ? "" : network, .user_agent = ""};
        TRY(record(transaction, "login.failed", actor, {.account = account}, outcome, count, now));
    }
    return {};
}

}  // namespace postern::core

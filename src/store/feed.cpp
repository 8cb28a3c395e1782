#include "store/feed.hpp"

#include <algorithm>

#include "store/columns.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

// Rows of one statement: less than a megabyte, however many revocations there are.
constexpr std::int64_t page_rows = 5'000;

Result<std::vector<ListInfo>> read_lists(Connection& connection, std::int64_t from_change, Timestamp now) {
    auto outcome = TRY(connection.execute("SELECT " LIST_COLUMNS " FROM token_lists "
                                          "WHERE change >= $1 AND expires_at > $2",
                                          values(from_change, now)));
    std::vector<ListInfo> lists;
    for (auto& row : outcome.rows) lists.push_back(list_from(row));
    return lists;
}

Result<std::vector<std::uint32_t>> read_revoked_slots_of(Connection& connection, const core::ListId& list) {
    std::vector<std::uint32_t> revoked;
    std::int64_t last = -1;
    for (bool more = true; more;) {
        auto outcome =
            TRY(connection.execute("SELECT idx FROM token_slots WHERE list_id = $1 AND idx > $2 "
                                   "AND revoke_change IS NOT NULL ORDER BY idx LIMIT $3",
                                   values(list, last, page_rows)));
        for (const auto& row : outcome.rows) {
            last = std::get<std::int64_t>(row.at(0));
            revoked.push_back(static_cast<std::uint32_t>(last));
        }
        more = outcome.rows.size() == page_rows;
    }
    return revoked;
}

Result<std::unordered_map<core::ListId, std::vector<std::uint32_t>>> read_slots_revoked_since(Connection& connection,
                                                                                              std::int64_t change) {
    std::unordered_map<core::ListId, std::vector<std::uint32_t>> revoked;
    Value last_list = Blob();  // before every id, so that the first page begins with `change` itself
    std::int64_t last_index = -1;
    for (bool more = true; more;) {
        const std::array<Value, 4> after{change, last_list, last_index, page_rows};
        auto outcome =
            TRY(connection.execute("SELECT revoke_change, list_id, idx FROM token_slots "
                                   "WHERE revoke_change IS NOT NULL "
                                   "AND (revoke_change, list_id, idx) > ($1, $2, $3) "
                                   "ORDER BY revoke_change, list_id, idx LIMIT $4",
                                   after));
        for (auto& row : outcome.rows) {
            Columns columns(row);
            change = columns.integer();
            const auto list = columns.id<core::ListId>();
            last_index = columns.integer();
            last_list = to_value(list);
            revoked[list].push_back(static_cast<std::uint32_t>(last_index));
        }
        more = outcome.rows.size() == page_rows;
    }
    return revoked;
}

Result<std::vector<std::int64_t>> read_key_changes(Connection& connection) {
    auto outcome = TRY(connection.execute("SELECT change FROM signing_keys ORDER BY kid", {}));
    std::vector<std::int64_t> changes;
    for (const auto& row : outcome.rows) changes.push_back(std::get<std::int64_t>(row.at(0)));
    return changes;
}

Result<std::int64_t> read_clients_mark(Connection& connection) {
    auto outcome = TRY(connection.execute("SELECT change FROM change_marks WHERE name = 'clients'", {}));
    return Columns(outcome.rows.at(0)).integer();
}

}  // namespace

Result<FeedNews> Feed::poll(Connection& connection, Timestamp now) {
    const auto began = std::chrono::steady_clock::now();
    // Lists that this node opens while the snapshot is being read are not in it, and are not for dropping.
    const auto known_before = bitmaps_.list_ids();
    TRY(connection.begin_read());
    auto changes = read(connection, now);
    connection.rollback();
    if (!changes.has_value()) return std::move(changes.error());

    const FeedNews news{changes->key_changes != key_changes_, changes->clients_mark != clients_mark_};
    // Before the rest, so that what has expired is not taken for lost.
    bitmaps_.drop_lists_expired_at(now);
    apply(*changes, known_before);
    bitmaps_.mark_fresh(began);
    return news;
}

Result<Feed::Changes> Feed::read(Connection& connection, Timestamp now) const {
    Changes changes;
    changes.horizon = TRY(connection.change_horizon());
    // A horizon that went back is another database under the same name: a failover or a restore.
    changes.complete = !horizon_ || changes.horizon < *horizon_;
    changes.lists = TRY(read_lists(connection, changes.complete ? 0 : *horizon_, now));
    if (changes.complete) {
        for (const auto& list : changes.lists) {
            changes.revoked[list.id] = TRY(read_revoked_slots_of(connection, list.id));
        }
    } else {
        changes.revoked = TRY(read_slots_revoked_since(connection, *horizon_));
    }
    changes.key_changes = TRY(read_key_changes(connection));
    changes.clients_mark = TRY(read_clients_mark(connection));
    return changes;
}

void Feed::apply(Changes& changes, const std::vector<core::ListId>& known_before) {
    std::vector<core::ListId> gone = known_before;
    for (const auto& list : changes.lists) {
        // A list that is new here appears with its bits set, never first without them.
        const auto revoked = changes.revoked.extract(list.id);
        bitmaps_.put_list(list, revoked.empty() ? std::vector<std::uint32_t>() : revoked.mapped());
        std::erase(gone, list.id);
    }
    for (const auto& [list, slots] : changes.revoked) bitmaps_.revoke(list, slots);
    if (changes.complete) bitmaps_.drop(gone);
    horizon_ = changes.horizon;
    key_changes_ = std::move(changes.key_changes);
    clients_mark_ = changes.clients_mark;
}

}  // namespace postern::store

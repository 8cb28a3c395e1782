// Statements about revocation lists and their slots, and what they leave to be done in memory.
#include <map>

#include "base/limits.hpp"
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define SLOT_COLUMNS "list_id, idx, session_id, counter, jti, issued_at, expires_at, revoked_at, revoke_reason"

namespace postern::store {
namespace {

core::SlotRef ref_from(Columns& columns) {
    core::SlotRef ref;
    ref.list = columns.id<core::ListId>();
    ref.index = static_cast<std::uint32_t>(columns.integer());
    return ref;
}

std::optional<core::Slot> first_slot(Outcome& outcome) {
    if (outcome.rows.empty()) return std::nullopt;
    Columns columns(outcome.rows.front());
    core::Slot slot;
    slot.ref = ref_from(columns);
    slot.session_id = columns.id<core::SessionId>();
    slot.counter = columns.integer();
    slot.token_id = columns.id<core::TokenId>();
    slot.issued_at = columns.time();
    slot.expires_at = columns.time();
    slot.revoked_at = columns.optional_time();
    slot.revoke_reason = columns.text_or_empty();
    return slot;
}

}  // namespace

void apply(const Pending& pending, Bitmaps& bitmaps) {
    std::map<core::ListId, std::vector<std::uint32_t>> revoked;
    for (const auto& ref : pending.revoked) revoked[ref.list].push_back(ref.index);
    for (const auto& [list, slots] : revoked) bitmaps.revoke(list, slots);
    for (const auto& list : pending.revoked_lists) bitmaps.put_list(list);
}

ListInfo list_from(Row& row) {
    Columns columns(row);
    ListInfo list;
    list.id = columns.id<core::ListId>();
    list.kid = columns.text();
    list.expires_at = columns.time();
    list.slots = static_cast<std::uint32_t>(columns.integer());
    list.revoked = columns.optional_time().has_value();
    return list;
}

Result<void> insert_list(Connection& connection, ListInfo& list, Timestamp now) {
    // Locks the key's row: either its revocation sees the new list, or the new list sees the revocation.
    auto key = TRY(
        connection.execute("UPDATE signing_keys SET state = state WHERE kid = $1 RETURNING state", values(list.kid)));
    if (!key.rows.empty()) list.revoked = Columns(key.rows.front()).text() == core::word(core::KeyState::revoked);
    const auto change = TRY(connection.change_number());
    TRY(
        connection.execute("INSERT INTO token_lists (id, kid, opened_at, expires_at, slots, revoked_at, change) "
                           "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                           values(list.id, list.kid, now, list.expires_at, std::int64_t{list.slots},
                                  list.revoked ? std::optional(now) : std::nullopt, change)));
    return {};
}

Result<std::optional<core::Slot>> SqlTransaction::find_slot(const core::SlotRef& ref) {
    auto outcome = TRY(connection_.execute("SELECT " SLOT_COLUMNS " FROM token_slots WHERE list_id = $1 AND idx = $2",
                                           values(ref.list, std::int64_t{ref.index})));
    return first_slot(outcome);
}

Result<std::optional<core::Slot>> SqlTransaction::find_slot_of_counter(const core::SessionId& id,
                                                                       std::int64_t counter) {
    auto outcome =
        TRY(connection_.execute("SELECT " SLOT_COLUMNS " FROM token_slots WHERE session_id = $1 AND counter = $2 "
                                "ORDER BY issued_at DESC LIMIT 1",
                                values(id, counter)));
    return first_slot(outcome);
}

Result<std::int64_t> SqlTransaction::find_last_counter(const core::SessionId& id) {
    auto outcome = TRY(connection_.execute(
        "SELECT counter FROM token_slots WHERE session_id = $1 ORDER BY counter DESC LIMIT 1", values(id)));
    return outcome.rows.empty() ? 0 : Columns(outcome.rows.front()).integer();
}

Result<core::SlotRef> SqlTransaction::reserve_slot(std::string_view kid, Timestamp now) {
    auto reserved = lists_.reserve(kid, now);
    if (!reserved.has_value() && reserved.error().code == "list_needed") {
        pending_.list_needed.emplace(std::string(kid), now);
    }
    return reserved;
}

Result<void> SqlTransaction::insert_slot(const core::Slot& slot) {
    TRY(
        connection_.execute("INSERT INTO token_slots (list_id, idx, session_id, counter, jti, issued_at, expires_at) "
                            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                            values(slot.ref.list, std::int64_t{slot.ref.index}, slot.session_id, slot.counter,
                                   slot.token_id, slot.issued_at, slot.expires_at)));
    return {};
}

Result<std::size_t> SqlTransaction::revoke_where(std::string_view sql, std::vector<Value> who, Timestamp now,
                                                 core::RevocationReason reason) {
    const auto change = TRY(connection_.change_number());
    std::vector<Value> parameters{to_value(now), to_value(core::word(reason)), to_value(change)};
    parameters.insert(parameters.end(), who.begin(), who.end());
    auto outcome = TRY(connection_.execute(sql, parameters));
    for (auto& row : outcome.rows) {
        Columns columns(row);
        pending_.revoked.push_back(ref_from(columns));
    }
    if (!outcome.rows.empty()) pending_.feed_changed = true;
    return outcome.rows.size();
}

#define REVOKE_SLOTS "UPDATE token_slots SET revoked_at = $1, revoke_reason = $2, revoke_change = $3 "

Result<bool> SqlTransaction::revoke_slot(const core::SlotRef& ref, Timestamp now, core::RevocationReason reason) {
    const auto revoked =
        TRY(revoke_where(REVOKE_SLOTS "WHERE list_id = $4 AND idx = $5 AND revoked_at IS NULL RETURNING list_id, idx",
                         {to_value(ref.list), to_value(std::int64_t{ref.index})}, now, reason));
    if (revoked == 0) pending_.revoked_before = true;
    return revoked == 1;
}

// In ranges of the counter, which has no gaps: no statement may take long, however many tokens there are.
Result<std::size_t> SqlTransaction::revoke_slots_of_session(const core::SessionId& id, Timestamp now,
                                                            core::RevocationReason reason) {
    auto found = TRY(connection_.execute(
        "SELECT counter FROM token_slots WHERE session_id = $1 ORDER BY counter LIMIT 1", values(id)));
    if (found.rows.empty()) {
        pending_.revoked_before = true;
        return 0;
    }
    constexpr auto step = static_cast<std::int64_t>(limits::revocation_batch_slots);
    const std::int64_t last = TRY(find_last_counter(id));
    std::size_t revoked = 0;
    for (std::int64_t from = Columns(found.rows.front()).integer(); from <= last; from += step) {
        revoked += TRY(revoke_where(REVOKE_SLOTS "WHERE session_id = $4 AND counter >= $5 AND counter < $6 "
                                                 "AND revoked_at IS NULL RETURNING list_id, idx",
                                    {to_value(id), to_value(from), to_value(from + step)}, now, reason));
    }
    if (revoked == 0) pending_.revoked_before = true;
    return revoked;
}

}  // namespace postern::store

#include "store/sweep.hpp"

#include <array>

#include "base/limits.hpp"
#include "core/records.hpp"
#include "store/columns.hpp"

namespace postern::store {
namespace {

// The lowest id that can have been made at `time`: an index on the time would say no more than the key does.
core::AuditId lowest_id_at(Timestamp time) {
    constexpr std::size_t time_bytes = 6;  // RFC 9562 section 5.7: 48 bits of milliseconds, big-endian
    core::AuditId id;
    auto rest = static_cast<std::uint64_t>(to_milliseconds(time));
    for (std::size_t i = time_bytes; i > 0; --i) {
        id.bytes[i - 1] = static_cast<std::uint8_t>(rest & 0xffU);
        rest >>= 8U;
    }
    return id;
}

Result<std::int64_t> delete_rows(Connection& connection, std::string_view sql, std::span<const Value> parameters) {
    return TRY(connection.execute(sql, parameters)).changed;
}

// Slots first: a list whose row is gone has no slots left behind.
Result<std::int64_t> sweep_lists(Connection& connection, std::int64_t most, Timestamp now) {
    std::int64_t swept = 0;
    while (swept < most) {
        auto expired = TRY(connection.execute("SELECT id FROM token_lists WHERE expires_at < $1 ORDER BY id LIMIT 1",
                                              values(now - limits::clock_leeway)));
        if (expired.rows.empty()) break;
        const auto list = Columns(expired.rows.front()).id<core::ListId>();
        swept += TRY(delete_rows(connection,
                                 "DELETE FROM token_slots WHERE list_id = $1 AND idx IN "
                                 "(SELECT idx FROM token_slots WHERE list_id = $1 ORDER BY idx LIMIT $2)",
                                 values(list, most - swept)));
        if (swept >= most) break;
        swept += TRY(delete_rows(connection, "DELETE FROM token_lists WHERE id = $1", values(list)));
    }
    return swept;
}

Result<std::int64_t> sweep_sessions(Connection& connection, std::int64_t most, Timestamp before) {
    return delete_rows(connection,
                       "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions "
                       "WHERE COALESCE(ended_at, idle_deadline) < $1 LIMIT $2)",
                       values(before, most));
}

Result<std::int64_t> sweep_audit(Connection& connection, std::int64_t most, Timestamp before) {
    return delete_rows(connection,
                       "DELETE FROM audit_records WHERE id IN (SELECT id FROM audit_records "
                       "WHERE id < $1 AND at < $2 ORDER BY id LIMIT $3)",
                       values(lowest_id_at(before), before, most));
}

Result<std::int64_t> sweep_keys(Connection& connection, Timestamp before) {
    return delete_rows(connection, "DELETE FROM signing_keys WHERE state <> 'active' AND expires_at < $1",
                       values(before));
}

Result<std::size_t> sweep_in_transaction(Connection& connection, const Retention& retention, Timestamp now) {
    constexpr auto most = static_cast<std::int64_t>(limits::sweep_rows);
    auto swept = TRY(sweep_lists(connection, most, now));
    if (swept < most) swept += TRY(sweep_sessions(connection, most - swept, now - retention.sessions));
    if (swept < most) swept += TRY(sweep_audit(connection, most - swept, now - retention.audit));
    if (swept < most) swept += TRY(sweep_keys(connection, now - limits::clock_leeway));
    return static_cast<std::size_t>(swept);
}

}  // namespace

Result<std::size_t> sweep(Connection& connection, const Retention& retention, Timestamp now) {
    TRY(connection.begin_write());
    auto swept = sweep_in_transaction(connection, retention, now);
    if (!swept.has_value()) {
        connection.rollback();
        return swept;
    }
    TRY(connection.commit());
    return swept;
}

Result<std::vector<core::TableSize>> count_rows(Connection& connection) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> tables{{
        {"settings", "SELECT COUNT(*) FROM settings"},
        {"accounts", "SELECT COUNT(*) FROM accounts"},
        {"sessions", "SELECT COUNT(*) FROM sessions"},
        {"token_lists", "SELECT COUNT(*) FROM token_lists"},
        {"token_slots", "SELECT COUNT(*) FROM token_slots"},
        {"signing_keys", "SELECT COUNT(*) FROM signing_keys"},
        {"audit_records", "SELECT COUNT(*) FROM audit_records"},
    }};
    std::vector<core::TableSize> sizes;
    for (const auto& [table, sql] : tables) {
        auto outcome = TRY(connection.execute(sql, {}));
        sizes.push_back({std::string(table), Columns(outcome.rows.at(0)).integer()});
    }
    return sizes;
}

Result<void> SweepRecord::count(Connection& connection) {
    auto sizes = TRY(count_rows(connection));
    const std::lock_guard lock(mutex_);
    tables_ = std::move(sizes);
    return {};
}

void SweepRecord::report(core::StoreFigures& figures) const {
    figures.swept_rows = swept_rows_;
    const std::lock_guard lock(mutex_);
    figures.tables = tables_;
}

}  // namespace postern::store

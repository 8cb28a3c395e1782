#include "store/sweep.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "core/records.hpp"
#include "core/sign_up.hpp"
#include "store/columns.hpp"
#include "store/transaction.hpp"

namespace postern::store {
namespace {

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

// The checkpoint up to which the chain may go now: the last one before `before` that leaves at most `most` records
// behind it, else the first after the chain's beginning.
Result<std::optional<std::int64_t>> find_end_of_stretch(Connection& connection, std::int64_t first, std::int64_t most,
                                                        Timestamp before) {
    auto fitting = TRY(connection.execute(
        "SELECT MAX(sequence) FROM audit_checkpoints WHERE sequence >= $1 AND sequence < $2 AND at < $3",
        values(first, first + most, before)));
    if (const auto found = Columns(fitting.rows.at(0)).optional_integer()) return found;
    // In parts it would leave a chain that nothing proves.
    constexpr auto whole_sweep = static_cast<std::int64_t>(limits::sweep_rows);
    if (most < whole_sweep) return std::optional<std::int64_t>();
    auto next = TRY(connection.execute("SELECT MIN(sequence) FROM audit_checkpoints WHERE sequence >= $1 AND at < $2",
                                       values(first, before)));
    return Columns(next.rows.at(0)).optional_integer();
}

Result<std::int64_t> sweep_audit(Connection& connection, std::int64_t most, Timestamp before) {
    auto begin = TRY(connection.execute("SELECT MIN(sequence) FROM audit_records WHERE sequence IS NOT NULL", {}));
    const auto first = Columns(begin.rows.at(0)).optional_integer();
    if (!first) return 0;
    const auto end = TRY(find_end_of_stretch(connection, *first, most, before));
    if (!end) return 0;
    const auto records = TRY(delete_rows(connection, "DELETE FROM audit_records WHERE sequence <= $1", values(*end)));
    TRY(delete_rows(connection, "DELETE FROM audit_checkpoints WHERE sequence < $1", values(*end)));
    return records;
}

Result<std::int64_t> sweep_mail_tokens(Connection& connection, std::int64_t most, Timestamp now) {
    return delete_rows(
        connection, "DELETE FROM mail_tokens WHERE id IN (SELECT id FROM mail_tokens WHERE expires_at < $1 LIMIT $2)",
        values(now, most));
}

Result<std::int64_t> sweep_outbox(Connection& connection, std::int64_t most, Timestamp before) {
    return delete_rows(connection,
                       "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox "
                       "WHERE finished_at IS NOT NULL AND finished_at < $1 LIMIT $2)",
                       values(before, most));
}

// Asked again of each row: a failure that another node adds meanwhile keeps it.
Result<std::int64_t> sweep_login_failures(Connection& connection, std::int64_t most, Timestamp before) {
    return delete_rows(connection,
                       "DELETE FROM login_failures WHERE last_at < $1 AND email_digest IN "
                       "(SELECT email_digest FROM login_failures WHERE last_at < $1 LIMIT $2)",
                       values(before, most));
}

Result<std::int64_t> sweep_keys(Connection& connection, Timestamp before) {
    return delete_rows(connection, "DELETE FROM signing_keys WHERE state IN ('retired', 'revoked') AND expires_at < $1",
                       values(before));
}

// By the rule, one by one: what is found here may have been confirmed since.
Result<std::int64_t> sweep_sign_ups(Connection& connection, std::int64_t most, Timestamp before, Timestamp now) {
    auto found = TRY(connection.execute(
        "SELECT id FROM accounts WHERE kind = 'demo' AND email_verified_at IS NULL AND activated_at IS NULL "
        "AND disabled_at IS NULL AND admin = 0 AND roles = '' AND scopes = '' AND custom_claims = '' "
        "AND updated_at < $1 AND NOT EXISTS (SELECT 1 FROM mail_tokens WHERE account_id = accounts.id) "
        "AND NOT EXISTS (SELECT 1 FROM sessions WHERE account_id = accounts.id) ORDER BY updated_at LIMIT $2",
        values(before, std::min(most, static_cast<std::int64_t>(limits::sweep_sign_ups)))));
    OpenLists no_lists(Milliseconds(1));  // a deletion needs no slot
    Pending nothing;
    SqlTransaction transaction(connection, no_lists, nothing);
    std::int64_t swept = 0;
    for (auto& row : found.rows) {
        const auto id = Columns(row).id<core::AccountId>();
        if (TRY(core::expire_sign_up(transaction, id, before, now))) ++swept;
    }
    return swept;
}

Result<std::size_t> sweep_in_transaction(Connection& connection, const Retention& retention, Timestamp now) {
    constexpr auto most = static_cast<std::int64_t>(limits::sweep_rows);
    auto swept = TRY(sweep_lists(connection, most, now));
    if (swept < most) swept += TRY(sweep_sessions(connection, most - swept, now - retention.sessions));
    if (swept < most) swept += TRY(sweep_audit(connection, most - swept, now - retention.audit));
    if (swept < most) swept += TRY(sweep_mail_tokens(connection, most - swept, now));
    if (swept < most) swept += TRY(sweep_outbox(connection, most - swept, now - limits::outbox_retention));
    if (swept < most) {
        swept += TRY(sweep_login_failures(connection, most - swept, now - limits::login_failures_retention));
    }
    if (swept < most) swept += TRY(sweep_keys(connection, now - limits::clock_leeway));
    if (swept < most) swept += TRY(sweep_sign_ups(connection, most - swept, now - retention.unconfirmed, now));
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
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> tables{{
        {"settings", "SELECT COUNT(*) FROM settings"},
        {"accounts", "SELECT COUNT(*) FROM accounts"},
        {"sessions", "SELECT COUNT(*) FROM sessions"},
        {"token_lists", "SELECT COUNT(*) FROM token_lists"},
        {"token_slots", "SELECT COUNT(*) FROM token_slots"},
        {"signing_keys", "SELECT COUNT(*) FROM signing_keys"},
        {"clients", "SELECT COUNT(*) FROM clients"},
        {"audit_records", "SELECT COUNT(*) FROM audit_records"},
        {"audit_checkpoints", "SELECT COUNT(*) FROM audit_checkpoints"},
        {"mail_tokens", "SELECT COUNT(*) FROM mail_tokens"},
        {"outbox", "SELECT COUNT(*) FROM outbox"},
        {"login_failures", "SELECT COUNT(*) FROM login_failures"},
        {"known_networks", "SELECT COUNT(*) FROM known_networks"},
        {"leases", "SELECT COUNT(*) FROM leases"},
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

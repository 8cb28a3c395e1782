// Statements about the outbox.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define OUTBOX_COLUMNS                                                                                 \
    "id, kind, topic, account_id, recipient, payload, token_id, created_at, due_at, attempts, state, " \
    "last_error, finished_at"
// The condition of the index of what is not sent stands in it for SQLite.
#define IS_UNSENT "state <> 'sent' AND state = $1"
#define IS_DUE "state = 'pending' AND kind = $1 AND due_at <= $2"

namespace postern::store {
namespace {

core::OutboxEntry entry_from(Row& row) {
    Columns columns(row);
    core::OutboxEntry entry;
    entry.id = columns.id<core::OutboxId>();
    entry.kind = core::parse_outbox_kind(columns.text()).value();
    entry.topic = columns.text();
    entry.account_id = columns.optional_id<core::AccountId>();
    entry.recipient = columns.text();
    entry.payload = columns.text();
    entry.token_id = columns.optional_id<core::MailTokenId>();
    entry.created_at = columns.time();
    entry.due_at = columns.time();
    entry.attempts = columns.integer();
    entry.state = core::parse_outbox_state(columns.text()).value();
    entry.last_error = columns.text();
    entry.finished_at = columns.optional_time();
    return entry;
}

}  // namespace

Result<std::optional<core::OutboxEntry>> SqlTransaction::find_outbox_entry(const core::OutboxId& id) {
    auto outcome = TRY(connection_.execute("SELECT " OUTBOX_COLUMNS " FROM outbox WHERE id = $1", values(id)));
    return first_record(outcome, entry_from);
}

Result<std::vector<core::OutboxEntry>> SqlTransaction::list_outbox(std::optional<core::OutboxState> state,
                                                                   std::optional<core::OutboxId> before,
                                                                   std::size_t limit) {
    const auto from = before.value_or(highest_id<core::OutboxId>());
    const auto list = [&]() -> Result<Outcome> {
        if (state && *state != core::OutboxState::sent) {
            return connection_.execute("SELECT " OUTBOX_COLUMNS " FROM outbox WHERE " IS_UNSENT
                                       " AND id < $2 ORDER BY id DESC LIMIT $3",
                                       values(core::word(*state), from, at_most(limit)));
        }
        // Most are sent, and found along the key.
        return connection_.execute("SELECT " OUTBOX_COLUMNS
                                   " FROM outbox WHERE ($1 = '' OR state = $1) AND id < $2 ORDER BY id DESC LIMIT $3",
                                   values(state ? core::word(*state) : "", from, at_most(limit)));
    };
    auto outcome = TRY(list());
    return records_from(outcome, entry_from);
}

Result<std::int64_t> SqlTransaction::count_mails_since(const core::AccountId& id, std::string_view topic,
                                                       Timestamp since) {
    auto outcome = TRY(connection_.execute(
        "SELECT COUNT(*) FROM outbox WHERE account_id = $1 AND created_at >= $2 AND kind = 'mail' AND topic = $3",
        values(id, since, topic)));
    return Columns(outcome.rows.at(0)).integer();
}

Result<std::optional<Timestamp>> SqlTransaction::find_next_outbox_due(core::OutboxKind kind) {
    auto outcome = TRY(connection_.execute("SELECT MIN(due_at) FROM outbox WHERE state = 'pending' AND kind = $1",
                                           values(core::word(kind))));
    return Columns(outcome.rows.at(0)).optional_time();
}

Result<core::OutboxFigures> SqlTransaction::count_outbox(core::OutboxKind kind) {
    auto waiting =
        TRY(connection_.execute("SELECT COUNT(*), MIN(created_at) FROM outbox WHERE state = 'pending' AND kind = $1",
                                values(core::word(kind))));
    auto given_up = TRY(connection_.execute("SELECT COUNT(*) FROM outbox WHERE " IS_UNSENT " AND kind = $2",
                                            values(core::word(core::OutboxState::failed), core::word(kind))));
    Columns columns(waiting.rows.at(0));
    core::OutboxFigures figures;
    figures.pending = columns.integer();
    figures.oldest_pending = columns.optional_time();
    figures.failed = Columns(given_up.rows.at(0)).integer();
    return figures;
}

Result<void> SqlTransaction::insert_outbox(const core::OutboxEntry& entry) {
    TRY(connection_.execute("INSERT INTO outbox (" OUTBOX_COLUMNS
                            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                            values(entry.id, core::word(entry.kind), entry.topic, entry.account_id, entry.recipient,
                                   entry.payload, entry.token_id, entry.created_at, entry.due_at, entry.attempts,
                                   core::word(entry.state), entry.last_error, entry.finished_at)));
    pending_.outbox_changed = true;
    return {};
}

Result<std::vector<core::OutboxEntry>> SqlTransaction::claim_outbox(core::OutboxKind kind, Timestamp now,
                                                                    Timestamp until, std::size_t limit) {
    auto due = TRY(connection_.execute("SELECT id FROM outbox WHERE " IS_DUE " ORDER BY due_at, id LIMIT $3",
                                       values(core::word(kind), now, at_most(limit))));
    // One row after another: two nodes that claim at once take the rows' locks in the same order, so neither waits for
    // the other in a circle, and whoever comes second finds the row no longer due.
    std::vector<core::OutboxEntry> claimed;
    for (auto& row : due.rows) {
        const auto id = Columns(row).id<core::OutboxId>();
        auto taken =
            TRY(connection_.execute("UPDATE outbox SET attempts = attempts + 1, due_at = $3 "
                                    "WHERE id = $4 AND " IS_DUE " RETURNING " OUTBOX_COLUMNS,
                                    values(core::word(kind), now, until, id)));
        if (!taken.rows.empty()) claimed.push_back(entry_from(taken.rows.front()));
    }
    return claimed;
}

Result<bool> SqlTransaction::update_outbox(const core::OutboxEntry& entry, std::int64_t expected_attempts) {
    auto outcome =
        TRY(connection_.execute("UPDATE outbox SET due_at = $3, attempts = $4, state = $5, last_error = $6, "
                                "finished_at = $7 WHERE id = $1 AND attempts = $2",
                                values(entry.id, expected_attempts, entry.due_at, entry.attempts,
                                       core::word(entry.state), entry.last_error, entry.finished_at)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::delete_outbox(const core::OutboxId& id) {
    auto outcome = TRY(connection_.execute("DELETE FROM outbox WHERE id = $1", values(id)));
    return outcome.changed == 1;
}

}  // namespace postern::store

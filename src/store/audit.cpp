// Statements about audit records, their chain, and the lease of whoever seals it.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define AUDIT_COLUMNS                                                                                   \
    "id, at, event, actor, account_id, session_id, address, outcome, user_agent, detail, count, salt, " \
    "personal_digest, sequence, chain"
#define NEWEST_AUDIT_FIRST " AND id < $1 ORDER BY id DESC LIMIT $2"
#define CHECKPOINT_COLUMNS "sequence, chain, at, kid, signature"

namespace postern::store {
namespace {

core::AuditRecord audit_from(Row& row) {
    Columns columns(row);
    core::AuditRecord record;
    record.id = columns.id<core::AuditId>();
    record.at = columns.time();
    record.event = columns.text();
    record.actor = columns.text();
    record.account_id = columns.optional_id<core::AccountId>();
    record.session_id = columns.optional_id<core::SessionId>();
    record.address = columns.text();
    record.outcome = columns.text();
    record.user_agent = columns.text();
    record.detail = columns.text();
    record.count = columns.integer();
    record.salt = columns.bytes_or_empty();
    record.personal_digest = columns.bytes_or_empty();
    record.sequence = columns.optional_integer();
    record.chain = columns.bytes_or_empty();
    return record;
}

core::AuditCheckpoint checkpoint_from(Row& row) {
    Columns columns(row);
    core::AuditCheckpoint checkpoint;
    checkpoint.sequence = columns.integer();
    checkpoint.chain = columns.bytes();
    checkpoint.at = columns.time();
    checkpoint.kid = columns.text();
    checkpoint.signature = columns.bytes();
    return checkpoint;
}

}  // namespace

Result<std::vector<core::AuditRecord>> SqlTransaction::list_audit(std::optional<core::AuditId> after,
                                                                  std::size_t limit) {
    auto outcome =
        TRY(connection_.execute("SELECT " AUDIT_COLUMNS " FROM audit_records WHERE id > $1 ORDER BY id LIMIT $2",
                                values(after.value_or(lowest_id<core::AuditId>()), at_most(limit))));
    return records_from(outcome, audit_from);
}

Result<std::vector<core::AuditRecord>> SqlTransaction::search_audit(const core::AuditFilter& filter,
                                                                    std::optional<core::AuditId> before,
                                                                    std::size_t limit) {
    // A text for each index that serves.
    const auto from = before.value_or(highest_id<core::AuditId>());
    const auto most = at_most(limit);
    const auto search = [&]() -> Result<Outcome> {
        if (filter.account && !filter.event.empty()) {
            // COALESCE keeps SQLite from the index of events: an account has few records, an event millions.
            return connection_.execute(
                "SELECT " AUDIT_COLUMNS
                " FROM audit_records WHERE account_id = $3 AND COALESCE(event, '') = $4" NEWEST_AUDIT_FIRST,
                values(from, most, *filter.account, filter.event));
        }
        if (filter.account) {
            return connection_.execute("SELECT " AUDIT_COLUMNS
                                       " FROM audit_records WHERE account_id = $3" NEWEST_AUDIT_FIRST,
                                       values(from, most, *filter.account));
        }
        if (!filter.event.empty()) {
            return connection_.execute("SELECT " AUDIT_COLUMNS
                                       " FROM audit_records WHERE event = $3" NEWEST_AUDIT_FIRST,
                                       values(from, most, filter.event));
        }
        return connection_.execute(
            "SELECT " AUDIT_COLUMNS " FROM audit_records WHERE id < $1 ORDER BY id DESC LIMIT $2", values(from, most));
    };
    auto outcome = TRY(search());
    return records_from(outcome, audit_from);
}

Result<std::vector<core::AuditRecord>> SqlTransaction::list_unsealed_audit(std::optional<core::AuditId> after,
                                                                           std::size_t limit) {
    auto outcome = TRY(connection_.execute(
        "SELECT " AUDIT_COLUMNS " FROM audit_records WHERE sequence IS NULL AND id > $1 ORDER BY id LIMIT $2",
        values(after.value_or(lowest_id<core::AuditId>()), at_most(limit))));
    return records_from(outcome, audit_from);
}

Result<std::vector<core::AuditRecord>> SqlTransaction::list_sealed_audit(std::int64_t first, std::size_t limit) {
    auto outcome = TRY(connection_.execute("SELECT " AUDIT_COLUMNS
                                           " FROM audit_records WHERE sequence >= $1 ORDER BY sequence LIMIT $2",
                                           values(first, at_most(limit))));
    return records_from(outcome, audit_from);
}

Result<std::vector<core::AuditCheckpoint>> SqlTransaction::list_audit_checkpoints(std::int64_t first,
                                                                                  std::size_t limit) {
    auto outcome = TRY(connection_.execute("SELECT " CHECKPOINT_COLUMNS
                                           " FROM audit_checkpoints WHERE sequence >= $1 ORDER BY sequence LIMIT $2",
                                           values(first, at_most(limit))));
    return records_from(outcome, checkpoint_from);
}

Result<std::optional<core::AuditCheckpoint>> SqlTransaction::find_last_audit_checkpoint() {
    auto outcome = TRY(
        connection_.execute("SELECT " CHECKPOINT_COLUMNS " FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1", {}));
    return first_record(outcome, checkpoint_from);
}

Result<void> SqlTransaction::insert_audit(const core::AuditRecord& record) {
    TRY(connection_.execute(
        "INSERT INTO audit_records (" AUDIT_COLUMNS
        ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        values(record.id, record.at, record.event, record.actor, record.account_id, record.session_id, record.address,
               record.outcome, record.user_agent, record.detail, record.count, bytes_or_null(record.salt),
               bytes_or_null(record.personal_digest), record.sequence, bytes_or_null(record.chain))));
    return {};
}

Result<bool> SqlTransaction::seal_audit(const core::AuditId& id, std::int64_t sequence, const Blob& chain) {
    auto outcome =
        TRY(connection_.execute("UPDATE audit_records SET sequence = $2, chain = $3 WHERE id = $1 AND sequence IS NULL",
                                values(id, sequence, chain)));
    return outcome.changed == 1;
}

Result<void> SqlTransaction::insert_audit_checkpoint(const core::AuditCheckpoint& checkpoint) {
    TRY(connection_.execute(
        "INSERT INTO audit_checkpoints (" CHECKPOINT_COLUMNS ") VALUES ($1, $2, $3, $4, $5)",
        values(checkpoint.sequence, checkpoint.chain, checkpoint.at, checkpoint.kid, checkpoint.signature)));
    return {};
}

Result<bool> SqlTransaction::delete_audit_checkpoint(std::int64_t sequence) {
    auto outcome = TRY(connection_.execute("DELETE FROM audit_checkpoints WHERE sequence = $1", values(sequence)));
    return outcome.changed == 1;
}

Result<std::size_t> SqlTransaction::erase_audit(const core::AccountId& id) {
    auto outcome = TRY(connection_.execute(
        "UPDATE audit_records SET address = '', user_agent = '', detail = '', salt = NULL WHERE account_id = $1",
        values(id)));
    return static_cast<std::size_t>(outcome.changed);
}

Result<bool> SqlTransaction::take_lease(std::string_view name, std::string_view holder, Timestamp now,
                                        Timestamp until) {
    auto outcome =
        TRY(connection_.execute("INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) "
                                "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until "
                                "WHERE leases.holder = excluded.holder OR leases.until <= $4",
                                values(name, holder, until, now)));
    return outcome.changed == 1;
}

}  // namespace postern::store

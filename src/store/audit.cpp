// Statements about audit records.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define AUDIT_COLUMNS "id, at, event, actor, account_id, session_id, address, outcome"

namespace postern::store {

Result<std::vector<core::AuditRecord>> SqlTransaction::list_audit(std::optional<core::AuditId> after,
                                                                  std::size_t limit) {
    auto outcome =
        TRY(connection_.execute("SELECT " AUDIT_COLUMNS " FROM audit_records WHERE id > $1 ORDER BY id LIMIT $2",
                                values(after.value_or(core::AuditId{}), static_cast<std::int64_t>(limit))));
    std::vector<core::AuditRecord> records;
    records.reserve(outcome.rows.size());
    for (auto& row : outcome.rows) {
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
        records.push_back(std::move(record));
    }
    return records;
}

Result<void> SqlTransaction::insert_audit(const core::AuditRecord& record) {
    TRY(connection_.execute("INSERT INTO audit_records (" AUDIT_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                            values(record.id, record.at, record.event, record.actor, record.account_id,
                                   record.session_id, record.address, record.outcome)));
    return {};
}

}  // namespace postern::store

// core::Transaction and core::Reader over any Connection: every statement of the rules, once.
//
// The statements stand in accounts.cpp, sessions.cpp, slots.cpp, keys.cpp and audit.cpp; this class gathers them.
#pragma once

#include <vector>

#include "core/store.hpp"
#include "store/bitmaps.hpp"
#include "store/driver.hpp"
#include "store/open_lists.hpp"

namespace postern::store {

// What must happen in memory once the transaction is durable.
struct Pending {
    std::vector<core::SlotRef> revoked;
    std::vector<ListInfo> revoked_lists;  // of a key that was revoked
    bool keys_changed = false;
    bool feed_changed = false;  // other nodes have something to read
    // Set when reserve_slot found no open list: for this key, at this time.
    std::optional<std::pair<std::string, Timestamp>> list_needed;
};

// Flips the bits: after the commit, before the answer.
void apply(const Pending& pending, Bitmaps& bitmaps);

// A row of LIST_COLUMNS.
#define LIST_COLUMNS "id, kid, expires_at, slots, revoked_at"
ListInfo list_from(Row& row);

// Adds the row of a new list, in a write transaction. Its slots may be given out once that is committed.
Result<void> insert_list(Connection& connection, const ListInfo& list, Timestamp now);

// Valid within one transaction of `connection`, which the engine begins and ends; every reference must outlive it. A
// read is given one too, as a core::Reader.
class SqlTransaction final : public core::Transaction {
public:
    SqlTransaction(Connection& connection, OpenLists& lists, Pending& pending)
        : connection_(connection), lists_(lists), pending_(pending) {}

    Result<std::optional<core::Account>> find_account(const core::AccountId& id) override;
    Result<std::optional<core::Account>> find_account_by_email(std::string_view email_key) override;
    Result<std::vector<core::Account>> list_accounts(std::optional<core::AccountId> after, std::size_t limit) override;
    Result<std::int64_t> count_active_admins() override;
    Result<std::optional<core::Session>> find_session(const core::SessionId& id) override;
    Result<std::vector<core::Session>> list_sessions(const core::AccountId& id, bool ended_too,
                                                     std::size_t limit) override;
    Result<std::optional<core::Slot>> find_slot(const core::SlotRef& ref) override;
    Result<std::optional<core::Slot>> find_slot_of_counter(const core::SessionId& id, std::int64_t counter) override;
    Result<std::vector<core::StoredKey>> list_keys() override;
    Result<std::optional<std::string>> find_setting(std::string_view name) override;
    Result<std::vector<core::AuditRecord>> list_audit(std::optional<core::AuditId> after, std::size_t limit) override;

    Result<void> insert_account(const core::Account& account) override;
    Result<bool> update_account(const core::Account& account, std::int64_t expected_security_version) override;
    Result<bool> update_last_login(const core::AccountId& id, std::int64_t expected_security_version,
                                   Timestamp now) override;
    Result<bool> delete_account(const core::AccountId& id) override;

    Result<void> insert_session(const core::Session& session) override;
    Result<bool> advance_session(const core::SessionId& id, std::int64_t expected_counter, Timestamp now,
                                 Timestamp idle_deadline) override;
    Result<bool> end_session(const core::SessionId& id, Timestamp now, core::RevocationReason reason) override;
    Result<std::vector<core::SessionId>> end_sessions_of(const core::AccountId& id, Timestamp now,
                                                         core::RevocationReason reason) override;

    Result<core::SlotRef> reserve_slot(std::string_view kid, Timestamp now) override;
    Result<void> insert_slot(const core::Slot& slot) override;
    Result<bool> revoke_slot(const core::SlotRef& ref, Timestamp now, core::RevocationReason reason) override;
    Result<std::size_t> revoke_slots_of_session(const core::SessionId& id, Timestamp now,
                                                core::RevocationReason reason) override;
    Result<std::size_t> revoke_slots_of_account(const core::AccountId& id, Timestamp now,
                                                core::RevocationReason reason) override;

    Result<void> insert_key(const core::StoredKey& key) override;
    Result<bool> update_key(const core::StoredKey& key) override;
    Result<void> set_setting(std::string_view name, std::string_view value) override;
    Result<void> insert_audit(const core::AuditRecord& record) override;

private:
    // Runs a REVOKE_SLOTS statement that says `RETURNING list_id, idx`, with `who` from $4 on, and notes what it
    // revoked.
    Result<std::size_t> revoke_where(std::string_view sql, std::vector<Value> who, Timestamp now,
                                     core::RevocationReason reason);

    Connection& connection_;
    OpenLists& lists_;
    Pending& pending_;
};

}  // namespace postern::store

// The store port at READ COMMITTED, statement by statement: before each one the scheduler may let others run, and a row
// that another transaction holds is waited for. Tables that no invariant is about are the memory store's, shared and
// never rolled back.
#pragma once

#include <algorithm>

#include "core/memory_store.hpp"
#include "store/transaction.hpp"
#include "tables.hpp"

namespace postern::simulation {

class Transaction final : public core::MemoryTransaction {
public:
    // `pauses`: others may run between its statements; a snapshot has no need of that.
    Transaction(Tables& tables, core::MemoryTables& others, store::OpenLists& open_lists, store::Pending& pending,
                bool pauses = true);
    // Rolls back what is not committed.
    ~Transaction() override { roll_back(); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    Committed commit();
    void roll_back();
    // The server has died: every further statement fails.
    void doom();
    // Statements of a sweep, as src/store/sweep.cpp has them.
    Result<void> sweep(Timestamp now, Milliseconds session_retention);

    Result<std::optional<core::Account>> find_account(const core::AccountId& id) override;
    Result<std::optional<core::Account>> find_account_by_email(std::string_view email_key) override;
    Result<std::int64_t> count_active_admins() override;
    Result<std::optional<core::Session>> find_session(const core::SessionId& id) override;
    Result<std::vector<core::Session>> list_sessions(const core::AccountId& id, bool ended_too,
                                                     std::size_t limit) override;
    Result<std::optional<core::Slot>> find_slot(const core::SlotRef& ref) override;
    Result<std::optional<core::Slot>> find_slot_of_counter(const core::SessionId& id, std::int64_t counter) override;
    Result<std::int64_t> find_last_counter(const core::SessionId& id) override;
    Result<std::vector<core::StoredKey>> list_keys() override;
    Result<std::optional<std::string>> find_setting(std::string_view name) override;
    Result<std::optional<core::MailToken>> find_mail_token(const core::MailTokenId& id) override;
    Result<std::vector<core::MailToken>> list_mail_tokens(const core::AccountId& id) override;

    Result<void> insert_account(const core::Account& account) override;
    Result<bool> update_account(const core::Account& account, std::int64_t expected_security_version) override;
    Result<bool> take_account(const core::AccountId& id, std::int64_t expected_security_version) override;
    Result<bool> update_last_login(const core::AccountId& id, std::int64_t expected_security_version,
                                   Timestamp now) override;
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
    Result<void> insert_key(const core::StoredKey& key) override;
    Result<bool> update_key(const core::StoredKey& key) override;
    Result<void> set_setting(std::string_view name, std::string_view value) override;
    Result<void> insert_audit(const core::AuditRecord& record) override;
    Result<std::size_t> erase_audit(const core::AccountId&) override { return 0U; }
    Result<void> insert_mail_token(const core::MailToken& token) override;
    Result<bool> delete_mail_token(const core::MailTokenId& id) override;
    Result<std::size_t> delete_mail_tokens_of(const core::AccountId& id,
                                              std::optional<core::MailPurpose> purpose) override;

private:
    // Where others may run. Errors: unavailable, when the server died meanwhile.
    Result<void> pause();
    // The row is ours until the end. Errors: conflict "retry", when two wait for each other.
    template <typename Key, typename Row>
    Result<void> hold(View<Key, Row>& view, const Key& key);
    // UPDATE … WHERE: the rows that fit when it begins, each looked at again once it is ours.
    template <typename Key, typename Row, typename Condition, typename Update>
    Result<std::vector<Key>> update_where(View<Key, Row>& view, std::vector<Key> keys, Condition condition,
                                          Update update);
    template <typename Key, typename Row, typename Condition>
    Result<std::size_t> delete_where(View<Key, Row>& view, Condition condition);
    Result<std::size_t> revoke(const std::vector<SlotKey>& slots, Timestamp now, core::RevocationReason reason);

    Tables& all_;
    store::OpenLists& open_lists_;
    store::Pending& pending_;
    View<core::AccountId, core::Account> accounts_;
    View<core::SessionId, core::Session> sessions_;
    View<SlotKey, core::Slot> slots_;
    View<std::string, core::StoredKey> keys_;
    View<core::MailTokenId, core::MailToken> mail_tokens_;
    View<std::string, std::string> settings_;
    std::vector<core::ListId> swept_lists_;
    std::size_t audit_records_ = 0;
    bool doomed_ = false;
    const bool pauses_;
};

}  // namespace postern::simulation

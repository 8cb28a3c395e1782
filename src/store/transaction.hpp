// core::Transaction and core::Reader over any Connection: every statement of the rules, once.
//
// The statements stand by topic in accounts.cpp, account_batches.cpp, sessions.cpp, slots.cpp, keys.cpp, clients.cpp,
// audit.cpp, mail_tokens.cpp, outbox.cpp and throttle.cpp; this class gathers them.
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
    bool clients_changed = false;
    bool outbox_changed = false;  // something was added that may be due
    bool feed_changed = false;    // other nodes have something to read
    // It found revoked what it came to revoke: whoever did that may not have told this node yet.
    bool revoked_before = false;
    // Set when reserve_slot found no open list: for this key, at this time.
    std::optional<std::pair<std::string, Timestamp>> list_needed;
};

// Flips the bits: after the commit, before the answer.
void apply(const Pending& pending, Bitmaps& bitmaps);

// A row of LIST_COLUMNS.
#define LIST_COLUMNS "id, kid, expires_at, slots, revoked_at"
ListInfo list_from(Row& row);

// Adds the row of a new list, in a write transaction. Its slots may be given out once that is committed. `list` learns
// whether its key has been revoked meanwhile.
Result<void> insert_list(Connection& connection, ListInfo& list, Timestamp now);

// Valid within one transaction of `connection`, which the engine begins and ends; every reference must outlive it. A
// read is given one too, as a core::Reader.
class SqlTransaction final : public core::Transaction {
public:
    SqlTransaction(Connection& connection, OpenLists& lists, Pending& pending)
        : connection_(connection), lists_(lists), pending_(pending) {}

    Result<std::optional<core::Account>> find_account(const core::AccountId& id) override;
    Result<std::optional<core::Account>> find_account_by_email(std::string_view email_key) override;
    Result<std::vector<core::Account>> list_accounts(std::optional<core::AccountId> after, std::size_t limit) override;
    Result<std::vector<core::Account>> search_accounts(const core::AccountFilter& filter,
                                                       std::optional<core::AccountId> after,
                                                       std::size_t limit) override;
    Result<std::int64_t> count_active_admins() override;
    Result<std::vector<std::string>> list_password_schemes() override;
    Result<std::vector<core::Account>> list_accounts_of_scheme(std::string_view scheme,
                                                               std::optional<core::AccountId> after,
                                                               std::size_t limit) override;

    Result<std::optional<core::Session>> find_session(const core::SessionId& id) override;
    Result<std::vector<core::Session>> list_sessions(const core::AccountId& id, bool ended_too,
                                                     std::size_t limit) override;
    Result<std::optional<core::Slot>> find_slot(const core::SlotRef& ref) override;
    Result<std::optional<core::Slot>> find_slot_of_counter(const core::SessionId& id, std::int64_t counter) override;
    Result<std::int64_t> find_last_counter(const core::SessionId& id) override;
    Result<std::vector<core::StoredKey>> list_keys() override;
    Result<std::optional<core::Client>> find_client(const core::ClientId& id) override;
    Result<std::optional<core::Client>> find_client_by_name(std::string_view name) override;
    Result<std::vector<core::Client>> list_clients(std::optional<core::ClientId> after, std::size_t limit) override;
    Result<std::optional<std::string>> find_setting(std::string_view name) override;

    Result<std::vector<core::AuditRecord>> list_audit(std::optional<core::AuditId> after, std::size_t limit) override;
    Result<std::vector<core::AuditRecord>> search_audit(const core::AuditFilter& filter,
                                                        std::optional<core::AuditId> before,
                                                        std::size_t limit) override;
    Result<std::vector<core::AuditRecord>> list_unsealed_audit(std::optional<core::AuditId> after,
                                                               std::size_t limit) override;
    Result<std::vector<core::AuditRecord>> list_sealed_audit(std::int64_t first, std::size_t limit) override;
    Result<std::vector<core::AuditCheckpoint>> list_audit_checkpoints(std::int64_t first, std::size_t limit) override;
    Result<std::optional<core::AuditCheckpoint>> find_last_audit_checkpoint() override;

    Result<std::optional<core::MailToken>> find_mail_token(const core::MailTokenId& id) override;
    Result<std::vector<core::MailToken>> list_mail_tokens(const core::AccountId& id) override;
    Result<std::optional<core::OutboxEntry>> find_outbox_entry(const core::OutboxId& id) override;
    Result<std::vector<core::OutboxEntry>> list_outbox(std::optional<core::OutboxState> state,
                                                       std::optional<core::OutboxId> before,
                                                       std::size_t limit) override;
    Result<std::int64_t> count_mails_since(const core::AccountId& id, std::string_view topic, Timestamp since) override;
    Result<std::optional<Timestamp>> find_next_outbox_due(core::OutboxKind kind) override;
    Result<core::OutboxFigures> count_outbox(core::OutboxKind kind) override;

    Result<std::optional<core::LoginFailures>> find_login_failures(const Blob& email_digest) override;
    Result<std::vector<core::LoginFailures>> list_login_failures(std::int64_t count, std::size_t limit) override;
    Result<std::vector<std::string>> list_known_networks(const core::AccountId& id) override;
    Result<bool> is_known_network(std::string_view network) override;

    Result<void> insert_account(const core::Account& account) override;
    Result<std::vector<bool>> insert_accounts(std::span<const core::Account> accounts) override;
    Result<bool> update_account(const core::Account& account, std::int64_t expected_security_version) override;
    Result<bool> take_account(const core::AccountId& id, std::int64_t expected_security_version) override;
    Result<bool> update_last_login(const core::AccountId& id, std::int64_t expected_security_version,
                                   Timestamp now) override;
    Result<bool> update_password_hash(const core::AccountId& id, std::string_view expected_hash, std::string_view hash,
                                      std::string_view scheme) override;
    Result<bool> delete_account(const core::AccountId& id) override;

    Result<void> insert_session(const core::Session& session) override;
    Result<bool> advance_session(const core::SessionId& id, std::int64_t expected_counter, Timestamp now,
                                 Timestamp idle_deadline) override;
    Result<bool> end_session(const core::SessionId& id, Timestamp now, core::RevocationReason reason) override;
    Result<std::vector<core::SessionId>> end_sessions_of(const core::AccountId& id, Timestamp now,
                                                         core::RevocationReason reason) override;
    Result<std::size_t> end_all_sessions(Timestamp now, core::RevocationReason reason) override;

    Result<core::SlotRef> reserve_slot(std::string_view kid, Timestamp now) override;
    Result<void> insert_slot(const core::Slot& slot) override;
    Result<bool> revoke_slot(const core::SlotRef& ref, Timestamp now, core::RevocationReason reason) override;
    Result<std::size_t> revoke_slots_of_session(const core::SessionId& id, Timestamp now,
                                                core::RevocationReason reason) override;

    Result<void> insert_key(const core::StoredKey& key) override;
    Result<bool> update_key(const core::StoredKey& key) override;
    Result<void> insert_client(const core::Client& client) override;
    Result<std::optional<core::Client>> take_client(const core::ClientId& id) override;
    Result<bool> update_client(const core::Client& client) override;
    Result<bool> delete_client(const core::ClientId& id) override;
    Result<void> set_setting(std::string_view name, std::string_view value) override;

    Result<void> insert_audit(const core::AuditRecord& record) override;
    Result<bool> seal_audit(const core::AuditId& id, std::int64_t sequence, const Blob& chain) override;
    Result<void> insert_audit_checkpoint(const core::AuditCheckpoint& checkpoint) override;
    Result<bool> delete_audit_checkpoint(std::int64_t sequence) override;
    Result<std::size_t> erase_audit(const core::AccountId& id) override;
    Result<bool> take_lease(std::string_view name, std::string_view holder, Timestamp now, Timestamp until) override;

    Result<void> insert_mail_token(const core::MailToken& token) override;
    Result<bool> update_mail_token_hash(const core::MailTokenId& id, const Blob& secret_hash) override;
    Result<bool> delete_mail_token(const core::MailTokenId& id) override;
    Result<std::size_t> delete_mail_tokens_of(const core::AccountId& id,
                                              std::optional<core::MailPurpose> purpose) override;
    Result<std::size_t> delete_all_mail_tokens() override;

    Result<void> insert_outbox(const core::OutboxEntry& entry) override;
    Result<std::vector<core::OutboxEntry>> claim_outbox(core::OutboxKind kind, Timestamp now, Timestamp until,
                                                        std::size_t limit) override;
    Result<bool> update_outbox(const core::OutboxEntry& entry, std::int64_t expected_attempts) override;
    Result<bool> delete_outbox(const core::OutboxId& id) override;

    Result<void> add_login_failures(const Blob& email_digest, std::int64_t count, Timestamp last_at) override;
    Result<bool> delete_login_failures(const Blob& email_digest) override;
    Result<std::size_t> delete_known_networks(const core::AccountId& id) override;
    Result<void> note_known_network(const core::AccountId& id, std::string_view network, Timestamp now) override;

private:
    // Runs a REVOKE_SLOTS statement that says `RETURNING list_id, idx`, with `who` from $4 on, and notes what it
    // revoked.
    Result<std::size_t> revoke_where(std::string_view sql, std::vector<Value> who, Timestamp now,
                                     core::RevocationReason reason);
    Result<void> mark_clients_changed();

    Connection& connection_;
    OpenLists& lists_;
    Pending& pending_;
};

}  // namespace postern::store

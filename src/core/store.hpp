// The store port: what the rules ask of a database. Implemented by src/store for SQLite and PostgreSQL.
//
// Verbs: find_ gives nothing when it is absent, insert_ fails with `conflict` when it is there, update_ says whether
// a row matched, delete_ and end_ say what they met.
#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/diagnosis.hpp"
#include "core/records.hpp"

namespace postern::core {

// Which accounts a search is about. Each part that is set narrows it.
struct AccountFilter {
    std::string text;  // stands somewhere in the email key; empty: any
    std::optional<AccountKind> kind;
    std::optional<bool> admin;
    std::optional<bool> disabled;
    std::optional<bool> active;  // as is_active() says
};

struct AuditFilter {
    std::optional<AccountId> account;
    std::string event;  // the whole word; empty: any
};

// Reads one consistent state. Used by one thread at a time, and only inside the work it was handed to.
class Reader {
public:
    virtual ~Reader() = default;

    virtual Result<std::optional<Account>> find_account(const AccountId& id) = 0;
    virtual Result<std::optional<Account>> find_account_by_email(std::string_view email_key) = 0;
    // In order of id, after `after`.
    virtual Result<std::vector<Account>> list_accounts(std::optional<AccountId> after, std::size_t limit) = 0;
    // The same, of those that `filter` lets through.
    virtual Result<std::vector<Account>> search_accounts(const AccountFilter& filter, std::optional<AccountId> after,
                                                         std::size_t limit) = 0;
    virtual Result<std::int64_t> count_active_admins() = 0;
    // Each once, in order; what no account has any more is not among them.
    virtual Result<std::vector<std::string>> list_password_schemes() = 0;
    // In order of id, after `after`.
    virtual Result<std::vector<Account>> list_accounts_of_scheme(std::string_view scheme,
                                                                 std::optional<AccountId> after, std::size_t limit) = 0;

    virtual Result<std::optional<Session>> find_session(const SessionId& id) = 0;
    // Newest first; ended ones too when asked for.
    virtual Result<std::vector<Session>> list_sessions(const AccountId& id, bool ended_too, std::size_t limit) = 0;

    virtual Result<std::optional<Slot>> find_slot(const SlotRef& ref) = 0;
    // The issuance that carried `counter`: the newest one where a counter has several (never, by construction).
    virtual Result<std::optional<Slot>> find_slot_of_counter(const SessionId& id, std::int64_t counter) = 0;
    // The highest counter of its issuances that are still there; 0 without any.
    virtual Result<std::int64_t> find_last_counter(const SessionId& id) = 0;

    virtual Result<std::vector<StoredKey>> list_keys() = 0;
    virtual Result<std::optional<Client>> find_client(const ClientId& id) = 0;
    virtual Result<std::optional<Client>> find_client_by_name(std::string_view name) = 0;
    // In order of id, after `after`.
    virtual Result<std::vector<Client>> list_clients(std::optional<ClientId> after, std::size_t limit) = 0;
    virtual Result<std::optional<std::string>> find_setting(std::string_view name) = 0;

    // In order of id (time), after `after`, sealed or not.
    virtual Result<std::vector<AuditRecord>> list_audit(std::optional<AuditId> after, std::size_t limit) = 0;
    // Newest first, before `before`.
    virtual Result<std::vector<AuditRecord>> search_audit(const AuditFilter& filter, std::optional<AuditId> before,
                                                          std::size_t limit) = 0;
    // In order of id, after `after`.
    virtual Result<std::vector<AuditRecord>> list_unsealed_audit(std::optional<AuditId> after, std::size_t limit) = 0;
    // In order of sequence, from `first` on.
    virtual Result<std::vector<AuditRecord>> list_sealed_audit(std::int64_t first, std::size_t limit) = 0;
    // In order of sequence, from `first` on.
    virtual Result<std::vector<AuditCheckpoint>> list_audit_checkpoints(std::int64_t first, std::size_t limit) = 0;
    virtual Result<std::optional<AuditCheckpoint>> find_last_audit_checkpoint() = 0;

    virtual Result<std::optional<MailToken>> find_mail_token(const MailTokenId& id) = 0;
    virtual Result<std::vector<MailToken>> list_mail_tokens(const AccountId& id) = 0;
    virtual Result<std::optional<OutboxEntry>> find_outbox_entry(const OutboxId& id) = 0;
    // Newest first, before `before`; all states without one.
    virtual Result<std::vector<OutboxEntry>> list_outbox(std::optional<OutboxState> state,
                                                         std::optional<OutboxId> before, std::size_t limit) = 0;
    // Mails of any state about this account from the template `topic` that were queued at `since` or later.
    virtual Result<std::int64_t> count_mails_since(const AccountId& id, std::string_view topic, Timestamp since) = 0;
    // When the next pending entry of that kind is due; nothing when none waits.
    virtual Result<std::optional<Timestamp>> find_next_outbox_due(OutboxKind kind) = 0;
    virtual Result<OutboxFigures> count_outbox(OutboxKind kind) = 0;

    virtual Result<std::optional<LoginFailures>> find_login_failures(const std::vector<std::uint8_t>& email_digest) = 0;
    // Of at least `count` failures, most first.
    virtual Result<std::vector<LoginFailures>> list_login_failures(std::int64_t count, std::size_t limit) = 0;
    // Networks that logged in to the account lately, newest first, at most limits::known_networks.
    virtual Result<std::vector<std::string>> list_known_networks(const AccountId& id) = 0;
    // Whether that list of any account has it.
    virtual Result<bool> is_known_network(std::string_view network) = 0;
};

// Why trust ended. Stored, shown to operators, and the `outcome` of the audit record.
enum class RevocationReason {
    token_revoked,
    session_revoked,
    session_limit,
    refresh_reuse,
    account_disabled,
    account_deleted,
    password_changed,
    role_changed,
    key_revoked,
    ended_by_operator,
    logged_out,
    email_changed,
    claims_changed,
    client_changed,
    client_disabled,
    client_deleted,
    restored,
};
std::string_view word(RevocationReason reason);

class Transaction : public Reader {
public:
    virtual Result<void> insert_account(const Account& account) = 0;
    // Leaves out those whose id or email key is taken, in the store or earlier in `accounts`; says which it inserted,
    // by place. At most limits::import_batch_accounts.
    virtual Result<std::vector<bool>> insert_accounts(std::span<const Account> accounts) = 0;
    // Writes every column but id and created_at, where the row still has `expected_security_version`.
    // Errors: conflict "unique_violation", when the email key is another account's.
    virtual Result<bool> update_account(const Account& account, std::int64_t expected_security_version) = 0;
    // Takes the account's row for this transaction, so that whoever changes it waits, or has won: false when the
    // version has moved on.
    virtual Result<bool> take_account(const AccountId& id, std::int64_t expected_security_version) = 0;
    // Takes the account's row for this transaction and notes the login; false when the version has moved on.
    virtual Result<bool> update_last_login(const AccountId& id, std::int64_t expected_security_version,
                                           Timestamp now) = 0;
    // The same password in another form, where the row still has `expected_hash`. The version stays: nothing that a
    // login in flight relied on has changed.
    virtual Result<bool> update_password_hash(const AccountId& id, std::string_view expected_hash,
                                              std::string_view hash, std::string_view scheme) = 0;
    // Deletes the row, its sessions, mail tokens, known networks and mails. Slots stay until their list is
    // dropped: they hold the revocation.
    virtual Result<bool> delete_account(const AccountId& id) = 0;

    virtual Result<void> insert_session(const Session& session) = 0;
    // counter + 1, last_used_at, idle_deadline; false unless the session lives and its counter is `expected_counter`.
    virtual Result<bool> advance_session(const SessionId& id, std::int64_t expected_counter, Timestamp now,
                                         Timestamp idle_deadline) = 0;
    // False when it has ended already.
    virtual Result<bool> end_session(const SessionId& id, Timestamp now, RevocationReason reason) = 0;
    virtual Result<std::vector<SessionId>> end_sessions_of(const AccountId& id, Timestamp now,
                                                           RevocationReason reason) = 0;
    // Of every account; says how many it ended. Their slots are the caller's to think of.
    virtual Result<std::size_t> end_all_sessions(Timestamp now, RevocationReason reason) = 0;

    // A slot in the open list of `kid` for tokens issued at `now`. Never the same one twice, also after a rollback.
    // The list's row is committed before. Errors: unavailable, when no list could be opened.
    virtual Result<SlotRef> reserve_slot(std::string_view kid, Timestamp now) = 0;
    virtual Result<void> insert_slot(const Slot& slot) = 0;
    // These flip the bits in memory after the commit and before the work's completion. False or 0: nothing was live.
    virtual Result<bool> revoke_slot(const SlotRef& ref, Timestamp now, RevocationReason reason) = 0;
    virtual Result<std::size_t> revoke_slots_of_session(const SessionId& id, Timestamp now,
                                                        RevocationReason reason) = 0;

    virtual Result<void> insert_key(const StoredKey& key) = 0;
    // Writes state, sealed, master_key_id, expires_at, revoked_at. A key that becomes revoked takes its lists with it.
    virtual Result<bool> update_key(const StoredKey& key) = 0;
    // Errors: conflict "unique_violation", when the name is another client's.
    virtual Result<void> insert_client(const Client& client) = 0;
    // Takes the client's row for this transaction, so that whoever changes it waits, or has won; and reads it as it is
    // then.
    virtual Result<std::optional<Client>> take_client(const ClientId& id) = 0;
    // Writes every column but id and created_at. Errors: the same.
    virtual Result<bool> update_client(const Client& client) = 0;
    // Its slots stay: they hold the revocation.
    virtual Result<bool> delete_client(const ClientId& id) = 0;
    virtual Result<void> set_setting(std::string_view name, std::string_view value) = 0;

    virtual Result<void> insert_audit(const AuditRecord& record) = 0;
    // Gives an unsealed record its place in the chain.
    virtual Result<bool> seal_audit(const AuditId& id, std::int64_t sequence,
                                    const std::vector<std::uint8_t>& chain) = 0;
    virtual Result<void> insert_audit_checkpoint(const AuditCheckpoint& checkpoint) = 0;
    virtual Result<bool> delete_audit_checkpoint(std::int64_t sequence) = 0;
    // Empties the personal fields and the salt of every record about the account; says how many.
    virtual Result<std::size_t> erase_audit(const AccountId& id) = 0;
    // Takes or renews a lease: true when it was free, had run out at `now`, or is the holder's own. What only one node
    // may do is done in the transaction that took it.
    virtual Result<bool> take_lease(std::string_view name, std::string_view holder, Timestamp now, Timestamp until) = 0;

    virtual Result<void> insert_mail_token(const MailToken& token) = 0;
    virtual Result<bool> update_mail_token_hash(const MailTokenId& id,
                                                const std::vector<std::uint8_t>& secret_hash) = 0;
    // True for exactly one of those who try.
    virtual Result<bool> delete_mail_token(const MailTokenId& id) = 0;
    // Of every purpose without one. Says how many.
    virtual Result<std::size_t> delete_mail_tokens_of(const AccountId& id, std::optional<MailPurpose> purpose) = 0;
    // Of every account. Says how many.
    virtual Result<std::size_t> delete_all_mail_tokens() = 0;

    virtual Result<void> insert_outbox(const OutboxEntry& entry) = 0;
    // Takes up to `limit` pending entries of that kind that are due: their attempts go up by one and due_at becomes
    // `until`, so that nobody else sends them meanwhile. Oldest due first.
    virtual Result<std::vector<OutboxEntry>> claim_outbox(OutboxKind kind, Timestamp now, Timestamp until,
                                                          std::size_t limit) = 0;
    // Writes due_at, attempts, state, last_error, finished_at where attempts is still `expected_attempts`.
    virtual Result<bool> update_outbox(const OutboxEntry& entry, std::int64_t expected_attempts) = 0;
    virtual Result<bool> delete_outbox(const OutboxId& id) = 0;

    virtual Result<void> add_login_failures(const std::vector<std::uint8_t>& email_digest, std::int64_t count,
                                            Timestamp last_at) = 0;
    virtual Result<bool> delete_login_failures(const std::vector<std::uint8_t>& email_digest) = 0;
    virtual Result<std::size_t> delete_known_networks(const AccountId& id) = 0;
    // Notes a successful login from `network`; forgets the oldest beyond limits::known_networks.
    virtual Result<void> note_known_network(const AccountId& id, std::string_view network, Timestamp now) = 0;
};

enum class SlotState {
    live,
    revoked,
    unknown,  // no such list here, or an index past its end
};

// A list as others are told of it: a bit for each slot, the least significant bit of a byte first, as zlib data.
struct PublishedList {
    ListId id;
    std::string kid;            // the key whose tokens have their slots here
    Timestamp expires_at;       // no token of the list lives longer
    bool revoked = false;       // the key was revoked: every bit is set
    std::uint64_t version = 0;  // moves on with every bit
    std::shared_ptr<const std::vector<std::uint8_t>> zlib;
};

// What this node has just learnt of the revocations.
struct RevocationChange {
    enum class Kind { list_opened, slots_revoked, list_revoked };
    Kind kind = Kind::slots_revoked;
    ListId list;
    Timestamp expires_at;              // with list_opened
    std::vector<std::uint32_t> slots;  // with slots_revoked
};

// What this node knows of the revocations, from memory. Thread-safe; state() and is_fresh() are lock-free.
class Revocations {
public:
    virtual ~Revocations() = default;
    [[nodiscard]] virtual SlotState state(const SlotRef& ref) const noexcept = 0;
    // The version alone, to tell whether what was published is still right. Nothing: no such list here.
    [[nodiscard]] virtual std::optional<std::uint64_t> version_of(const ListId& list) const = 0;
    // Costs what changed since the last call for the list: its blocks are compressed one by one.
    [[nodiscard]] virtual std::optional<PublishedList> publish(const ListId& list) const = 0;
    // Those that have not expired.
    [[nodiscard]] virtual std::vector<ListId> list_ids() const = 0;
    // Whether what it knows may be trusted at `now` (steady): the last completed poll of the feed is inside the bound.
    [[nodiscard]] virtual bool is_fresh() const noexcept = 0;
};

class Store {
public:
    using Done = std::function<void(Result<void>)>;
    using ReadWork = std::function<Result<void>(Reader&)>;
    using WriteWork = std::function<Result<void>(Transaction&)>;

    virtual ~Store() = default;

    // Queue the work and return at once. The work runs on a thread of the store; it may run more than once (a
    // serialisation failure is retried), so it starts from scratch each time and leaves its outcome in variables that
    // it overwrites. An error that it returns rolls it back and is handed to `done`. `done` runs on a thread of the
    // store, once, after the commit is durable and the bits are flipped; it must not block. Errors of the store itself:
    // overloaded (the queue is full), unavailable (no connection, failed commit).
    virtual void read(ReadWork work, Done done) = 0;
    virtual void write(WriteWork work, Done done) = 0;

    // `done` runs once everything that was committed anywhere before this call is known here. Calls share a poll.
    // Errors: unavailable. What a node asks when its knowledge is too old, or a list is unknown.
    virtual void catch_up(Done done) = 0;

    [[nodiscard]] virtual const Revocations& revocations() const noexcept = 0;

    // `changed` runs on a thread of the store after any signing key was added or changed, here or elsewhere.
    virtual void on_keys_changed(std::function<void()> changed) = 0;
    // The same for the clients.
    virtual void on_clients_changed(std::function<void()> changed) = 0;
    // `learnt` runs on a thread of the store once the bits are flipped, wherever the change was committed, and before
    // the work that caused it here completes; it must not block. Each bit is told once.
    virtual void on_revocations(std::function<void(const RevocationChange&)> learnt) = 0;
    // `changed` runs on a thread of the store after something was added to the outbox here; it must not block. Only a
    // hint: what other nodes add is not told.
    virtual void on_outbox_changed(std::function<void()>) {}

    // Cheap, from memory.
    [[nodiscard]] virtual StoreFigures figures() const = 0;
    // Asks the database; may take as long as a connection attempt. Says nothing that is secret.
    virtual std::vector<Finding> diagnose() = 0;
};

// The same for callers that may wait: the CLI, start-up, tests. `work` returns Result<T>.
template <typename Work>
auto read_and_wait(Store& store, Work work) -> std::invoke_result_t<Work, Reader&>;
template <typename Work>
auto write_and_wait(Store& store, Work work) -> std::invoke_result_t<Work, Transaction&>;

namespace detail {

template <typename Outcome, typename Access, typename Submit, typename Work>
Outcome submit_and_wait(Submit submit, Work work) {
    auto outcome = std::make_shared<std::optional<Outcome>>();
    auto finished = std::make_shared<std::promise<Result<void>>>();
    submit(
        [outcome, work = std::move(work)](Access& access) -> Result<void> {
            outcome->emplace(work(access));
            if (!(*outcome)->has_value()) return (*outcome)->error();
            return {};
        },
        [finished](Result<void> result) { finished->set_value(std::move(result)); });
    auto result = finished->get_future().get();
    if (!result.has_value()) return std::move(result.error());
    return std::move(**outcome);
}

}  // namespace detail

template <typename Work>
auto read_and_wait(Store& store, Work work) -> std::invoke_result_t<Work, Reader&> {
    return detail::submit_and_wait<std::invoke_result_t<Work, Reader&>, Reader>(
        [&store](Store::ReadWork job, Store::Done done) { store.read(std::move(job), std::move(done)); },
        std::move(work));
}

template <typename Work>
auto write_and_wait(Store& store, Work work) -> std::invoke_result_t<Work, Transaction&> {
    return detail::submit_and_wait<std::invoke_result_t<Work, Transaction&>, Transaction>(
        [&store](Store::WriteWork job, Store::Done done) { store.write(std::move(job), std::move(done)); },
        std::move(work));
}

}  // namespace postern::core

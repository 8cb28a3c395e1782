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
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/diagnosis.hpp"
#include "core/records.hpp"

namespace postern::core {

// Reads one consistent state. Used by one thread at a time, and only inside the work it was handed to.
class Reader {
public:
    virtual ~Reader() = default;

    virtual Result<std::optional<Account>> find_account(const AccountId& id) = 0;
    virtual Result<std::optional<Account>> find_account_by_email(std::string_view email_key) = 0;
    // In order of id, after `after`.
    virtual Result<std::vector<Account>> list_accounts(std::optional<AccountId> after, std::size_t limit) = 0;
    virtual Result<std::int64_t> count_active_admins() = 0;

    virtual Result<std::optional<Session>> find_session(const SessionId& id) = 0;
    // Newest first; ended ones too when asked for.
    virtual Result<std::vector<Session>> list_sessions(const AccountId& id, bool ended_too, std::size_t limit) = 0;

    virtual Result<std::optional<Slot>> find_slot(const SlotRef& ref) = 0;
    // The issuance that carried `counter`: the newest one where a counter has several (never, by construction).
    virtual Result<std::optional<Slot>> find_slot_of_counter(const SessionId& id, std::int64_t counter) = 0;

    virtual Result<std::vector<StoredKey>> list_keys() = 0;
    virtual Result<std::optional<std::string>> find_setting(std::string_view name) = 0;
    virtual Result<std::vector<AuditRecord>> list_audit(std::optional<AuditId> after, std::size_t limit) = 0;
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
};
std::string_view word(RevocationReason reason);

class Transaction : public Reader {
public:
    virtual Result<void> insert_account(const Account& account) = 0;
    // Writes every column but id, email_key and created_at, where the row still has `expected_security_version`.
    virtual Result<bool> update_account(const Account& account, std::int64_t expected_security_version) = 0;
    // Takes the account's row for this transaction and notes the login; false when the version has moved on.
    virtual Result<bool> update_last_login(const AccountId& id, std::int64_t expected_security_version,
                                           Timestamp now) = 0;
    // Deletes the row and its sessions. Slots stay until their list is dropped: they hold the revocation.
    virtual Result<bool> delete_account(const AccountId& id) = 0;

    virtual Result<void> insert_session(const Session& session) = 0;
    // counter + 1, last_used_at, idle_deadline; false unless the session lives and its counter is `expected_counter`.
    virtual Result<bool> advance_session(const SessionId& id, std::int64_t expected_counter, Timestamp now,
                                         Timestamp idle_deadline) = 0;
    // False when it has ended already.
    virtual Result<bool> end_session(const SessionId& id, Timestamp now, RevocationReason reason) = 0;
    virtual Result<std::vector<SessionId>> end_sessions_of(const AccountId& id, Timestamp now,
                                                           RevocationReason reason) = 0;

    // A slot in the open list of `kid` for tokens issued at `now`. Never the same one twice, also after a rollback.
    // The list's row is committed before. Errors: unavailable, when no list could be opened.
    virtual Result<SlotRef> reserve_slot(std::string_view kid, Timestamp now) = 0;
    virtual Result<void> insert_slot(const Slot& slot) = 0;
    // These flip the bits in memory after the commit and before the work's completion. False or 0: nothing was live.
    virtual Result<bool> revoke_slot(const SlotRef& ref, Timestamp now, RevocationReason reason) = 0;
    virtual Result<std::size_t> revoke_slots_of_session(const SessionId& id, Timestamp now,
                                                        RevocationReason reason) = 0;
    virtual Result<std::size_t> revoke_slots_of_account(const AccountId& id, Timestamp now,
                                                        RevocationReason reason) = 0;

    virtual Result<void> insert_key(const StoredKey& key) = 0;
    // Writes state, sealed, master_key_id, expires_at, revoked_at.
    virtual Result<bool> update_key(const StoredKey& key) = 0;
    virtual Result<void> set_setting(std::string_view name, std::string_view value) = 0;
    virtual Result<void> insert_audit(const AuditRecord& record) = 0;
};

enum class SlotState {
    live,
    revoked,
    unknown,  // no such list here, or an index past its end
};

// What this node knows of the revocations, from memory. Thread-safe and lock-free to read.
class Revocations {
public:
    virtual ~Revocations() = default;
    [[nodiscard]] virtual SlotState state(const SlotRef& ref) const noexcept = 0;
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

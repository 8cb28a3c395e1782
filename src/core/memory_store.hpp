// A store in memory, for the tests of the rules: the same verbs, transactions that roll back, no threads.
//
// `read` and `write` run the work and its `done` before they return. It is a second implementation of the port, written
// as plainly as possible; the conformance suite of src/store holds the real ones to the same behaviour.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/accounts.hpp"
#include "core/store.hpp"

namespace postern::core {

struct MemoryTables {
    std::map<AccountId, Account> accounts;
    std::map<SessionId, Session> sessions;
    std::map<std::pair<ListId, std::uint32_t>, Slot> slots;
    std::map<std::string, StoredKey> keys;
    std::map<std::string, std::string, std::less<>> settings;
    std::vector<AuditRecord> audit;
};

class MemoryTransaction final : public Transaction {
public:
    MemoryTransaction(MemoryTables& tables, ListId list, std::uint32_t& next_slot)
        : tables_(tables), list_(list), next_slot_(next_slot) {}

    Result<std::optional<Account>> find_account(const AccountId& id) override { return find_in(tables_.accounts, id); }
    Result<std::optional<Account>> find_account_by_email(std::string_view email_key) override {
        for (const auto& [id, account] : tables_.accounts) {
            if (account.email_key == email_key) return std::optional(account);
        }
        return std::optional<Account>();
    }
    Result<std::vector<Account>> list_accounts(std::optional<AccountId> after, std::size_t limit) override {
        std::vector<Account> page;
        for (const auto& [id, account] : tables_.accounts) {
            if ((!after || id > *after) && page.size() < limit) page.push_back(account);
        }
        return page;
    }
    Result<std::int64_t> count_active_admins() override {
        return std::ranges::count_if(tables_.accounts,
                                     [](const auto& entry) { return entry.second.admin && is_active(entry.second); });
    }
    Result<std::optional<Session>> find_session(const SessionId& id) override { return find_in(tables_.sessions, id); }
    Result<std::vector<Session>> list_sessions(const AccountId& id, bool ended_too, std::size_t limit) override {
        std::vector<Session> page;
        for (auto at = tables_.sessions.rbegin(); at != tables_.sessions.rend() && page.size() < limit; ++at) {
            if (at->second.account_id == id && (ended_too || !at->second.ended_at)) page.push_back(at->second);
        }
        return page;
    }
    Result<std::optional<Slot>> find_slot(const SlotRef& ref) override {
        return find_in(tables_.slots, std::pair(ref.list, ref.index));
    }
    Result<std::optional<Slot>> find_slot_of_counter(const SessionId& id, std::int64_t counter) override {
        for (const auto& [ref, slot] : tables_.slots) {
            if (slot.session_id == id && slot.counter == counter) return std::optional(slot);
        }
        return std::optional<Slot>();
    }
    Result<std::vector<StoredKey>> list_keys() override {
        std::vector<StoredKey> keys;
        for (const auto& [kid, key] : tables_.keys) keys.push_back(key);
        return keys;
    }
    Result<std::optional<std::string>> find_setting(std::string_view name) override {
        return find_in(tables_.settings, std::string(name));
    }
    Result<std::vector<AuditRecord>> list_audit(std::optional<AuditId> after, std::size_t limit) override {
        std::vector<AuditRecord> page;
        for (const AuditRecord& record : tables_.audit) {
            if ((!after || record.id > *after) && page.size() < limit) page.push_back(record);
        }
        return page;
    }

    Result<void> insert_account(const Account& account) override {
        if (find_account_by_email(account.email_key)->has_value()) return conflict("unique_violation", "email_key");
        tables_.accounts.emplace(account.id, account);
        return {};
    }
    Result<bool> update_account(const Account& account, std::int64_t expected_security_version) override {
        auto found = tables_.accounts.find(account.id);
        if (found == tables_.accounts.end() || found->second.security_version != expected_security_version)
            return false;
        found->second = account;
        return true;
    }
    Result<bool> update_last_login(const AccountId& id, std::int64_t expected_security_version,
                                   Timestamp now) override {
        auto found = tables_.accounts.find(id);
        if (found == tables_.accounts.end() || found->second.security_version != expected_security_version)
            return false;
        found->second.last_login_at = now;
        return true;
    }
    Result<bool> delete_account(const AccountId& id) override {
        std::erase_if(tables_.sessions, [&](const auto& entry) { return entry.second.account_id == id; });
        return tables_.accounts.erase(id) > 0;
    }
    Result<void> insert_session(const Session& session) override {
        tables_.sessions.emplace(session.id, session);
        return {};
    }
    Result<bool> advance_session(const SessionId& id, std::int64_t expected_counter, Timestamp now,
                                 Timestamp idle_deadline) override {
        auto found = tables_.sessions.find(id);
        if (found == tables_.sessions.end()) return false;
        Session& session = found->second;
        if (session.ended_at || session.counter != expected_counter) return false;
        session.counter += 1;
        session.last_used_at = now;
        session.idle_deadline = idle_deadline;
        return true;
    }
    Result<bool> end_session(const SessionId& id, Timestamp now, RevocationReason reason) override {
        auto found = tables_.sessions.find(id);
        if (found == tables_.sessions.end() || found->second.ended_at) return false;
        found->second.ended_at = now;
        found->second.end_reason = word(reason);
        return true;
    }
    Result<std::vector<SessionId>> end_sessions_of(const AccountId& id, Timestamp now,
                                                   RevocationReason reason) override {
        std::vector<SessionId> ended;
        for (const auto& [session_id, session] : tables_.sessions) {
            if (session.account_id == id && !session.ended_at) ended.push_back(session_id);
        }
        for (const SessionId& session_id : ended) (void)end_session(session_id, now, reason);
        return ended;
    }
    Result<SlotRef> reserve_slot(std::string_view, Timestamp) override { return SlotRef{list_, next_slot_++}; }
    Result<void> insert_slot(const Slot& slot) override {
        tables_.slots.emplace(std::pair(slot.ref.list, slot.ref.index), slot);
        return {};
    }
    Result<bool> revoke_slot(const SlotRef& ref, Timestamp now, RevocationReason reason) override {
        auto found = tables_.slots.find({ref.list, ref.index});
        return found != tables_.slots.end() && revoke(found->second, now, reason);
    }
    Result<std::size_t> revoke_slots_of_session(const SessionId& id, Timestamp now, RevocationReason reason) override {
        return revoke_where([&](const Slot& slot) { return slot.session_id == id; }, now, reason);
    }
    Result<std::size_t> revoke_slots_of_account(const AccountId& id, Timestamp now, RevocationReason reason) override {
        return revoke_where(
            [&](const Slot& slot) {
                auto session = tables_.sessions.find(slot.session_id);
                return session != tables_.sessions.end() && session->second.account_id == id;
            },
            now, reason);
    }
    Result<void> insert_key(const StoredKey& key) override {
        if (!tables_.keys.emplace(key.kid, key).second) return conflict("unique_violation", "kid");
        return {};
    }
    Result<bool> update_key(const StoredKey& key) override {
        auto found = tables_.keys.find(key.kid);
        if (found == tables_.keys.end()) return false;
        found->second = key;
        return true;
    }
    Result<void> set_setting(std::string_view name, std::string_view value) override {
        tables_.settings.insert_or_assign(std::string(name), std::string(value));
        return {};
    }
    Result<void> insert_audit(const AuditRecord& record) override {
        tables_.audit.push_back(record);
        return {};
    }

private:
    template <typename Table, typename Key>
    static Result<std::optional<typename Table::mapped_type>> find_in(const Table& table, const Key& key) {
        auto found = table.find(key);
        if (found == table.end()) return std::optional<typename Table::mapped_type>();
        return std::optional(found->second);
    }
    static bool revoke(Slot& slot, Timestamp now, RevocationReason reason) {
        if (slot.revoked_at) return false;
        slot.revoked_at = now;
        slot.revoke_reason = word(reason);
        return true;
    }
    template <typename Condition>
    std::size_t revoke_where(Condition condition, Timestamp now, RevocationReason reason) {
        std::size_t revoked = 0;
        for (auto& [ref, slot] : tables_.slots) {
            if (condition(slot) && revoke(slot, now, reason)) ++revoked;
        }
        return revoked;
    }

    MemoryTables& tables_;
    ListId list_;
    std::uint32_t& next_slot_;
};

class MemoryStore final : public Store, public Revocations {
public:
    explicit MemoryStore(Timestamp now) : list_(ListId::make(now)) {}

    void read(ReadWork work, Done done) override {
        MemoryTransaction transaction(tables, list_, next_slot_);
        done(work(transaction));
    }
    void write(WriteWork work, Done done) override {
        MemoryTables before = tables;
        MemoryTransaction transaction(tables, list_, next_slot_);
        auto result = work(transaction);
        if (!result.has_value()) tables = std::move(before);
        done(std::move(result));
    }
    void catch_up(Done done) override {
        ++catch_ups;
        if (reachable) fresh = true;
        done(reachable ? Result<void>() : Result<void>(unavailable("The store cannot be reached")));
    }
    [[nodiscard]] const Revocations& revocations() const noexcept override { return *this; }
    void on_keys_changed(std::function<void()>) override {}
    [[nodiscard]] StoreFigures figures() const override { return {}; }
    std::vector<Finding> diagnose() override { return {}; }

    [[nodiscard]] SlotState state(const SlotRef& ref) const noexcept override {
        if (ref.list != list_ || ref.index >= next_slot_) return SlotState::unknown;
        auto found = tables.slots.find({ref.list, ref.index});
        return found != tables.slots.end() && found->second.revoked_at ? SlotState::revoked : SlotState::live;
    }
    [[nodiscard]] bool is_fresh() const noexcept override { return fresh; }

    MemoryTables tables;
    bool fresh = true;
    bool reachable = true;
    int catch_ups = 0;

private:
    ListId list_;
    std::uint32_t next_slot_ = 0;
};

}  // namespace postern::core

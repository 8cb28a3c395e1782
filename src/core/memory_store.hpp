// A store in memory, for the tests of the rules: the same verbs, transactions that roll back, no threads.
//
// `read` and `write` run the work and its `done` before they return. It is a second implementation of the port, written
// as plainly as possible; the conformance suite of src/store holds the real ones to the same behaviour.
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "core/memory_store_reads.hpp"

namespace postern::core {

class MemoryTransaction : public MemoryReads {
public:
    MemoryTransaction(MemoryTables& tables, ListId list, std::uint32_t& next_slot)
        : MemoryReads(tables), list_(list), next_slot_(next_slot) {}

    Result<void> insert_account(const Account& account) override {
        if (tables_.accounts.contains(account.id)) return conflict("unique_violation", "id");
        if (find_account_by_email(account.email_key)->has_value()) return conflict("unique_violation", "email_key");
        tables_.accounts.emplace(account.id, account);
        return {};
    }
    Result<std::vector<bool>> insert_accounts(std::span<const Account> accounts) override {
        std::vector<bool> inserted;
        for (const Account& account : accounts) inserted.push_back(insert_account(account).has_value());
        return inserted;
    }
    Result<bool> update_account(const Account& account, std::int64_t expected_security_version) override {
        auto found = tables_.accounts.find(account.id);
        if (found == tables_.accounts.end() || found->second.security_version != expected_security_version)
            return false;
        const auto holder = *find_account_by_email(account.email_key);
        if (holder && holder->id != account.id) return conflict("unique_violation", "email_key");
        found->second = account;
        return true;
    }
    Result<bool> take_account(const AccountId& id, std::int64_t expected_security_version) override {
        const auto found = tables_.accounts.find(id);
        return found != tables_.accounts.end() && found->second.security_version == expected_security_version;
    }
    Result<bool> update_last_login(const AccountId& id, std::int64_t expected_security_version,
                                   Timestamp now) override {
        auto found = tables_.accounts.find(id);
        if (found == tables_.accounts.end() || found->second.security_version != expected_security_version)
            return false;
        found->second.last_login_at = now;
        return true;
    }
    Result<bool> update_password_hash(const AccountId& id, std::string_view expected_hash, std::string_view hash,
                                      std::string_view scheme) override {
        auto found = tables_.accounts.find(id);
        if (found == tables_.accounts.end() || found->second.password_hash != expected_hash) return false;
        found->second.password_hash = hash;
        found->second.password_scheme = scheme;
        return true;
    }
    Result<bool> delete_account(const AccountId& id) override {
        const auto is_of_account = [&](const auto& entry) { return entry.second.account_id == id; };
        std::erase_if(tables_.sessions, is_of_account);
        std::erase_if(tables_.mail_tokens, is_of_account);
        std::erase_if(tables_.known_networks, [&](const auto& entry) { return entry.first.first == id; });
        std::erase_if(tables_.outbox, [&](const auto& entry) {
            return entry.second.account_id == id && entry.second.kind == OutboxKind::mail;
        });
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
    Result<std::size_t> end_all_sessions(Timestamp now, RevocationReason reason) override {
        std::size_t ended = 0;
        for (const auto& entry : tables_.sessions) ended += *end_session(entry.first, now, reason) ? 1 : 0;
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
    Result<void> insert_client(const Client& client) override {
        if (find_client_by_name(client.name)->has_value()) return conflict("unique_violation", "name");
        tables_.clients.emplace(client.id, client);
        return {};
    }
    Result<std::optional<Client>> take_client(const ClientId& id) override { return find_client(id); }
    Result<bool> update_client(const Client& client) override {
        auto found = tables_.clients.find(client.id);
        if (found == tables_.clients.end()) return false;
        const auto holder = *find_client_by_name(client.name);
        if (holder && holder->id != client.id) return conflict("unique_violation", "name");
        found->second = client;
        return true;
    }
    Result<bool> delete_client(const ClientId& id) override { return tables_.clients.erase(id) > 0; }
    Result<void> set_setting(std::string_view name, std::string_view value) override {
        tables_.settings.insert_or_assign(std::string(name), std::string(value));
        return {};
    }
    Result<void> insert_audit(const AuditRecord& record) override {
        tables_.audit.push_back(record);
        return {};
    }
    Result<bool> seal_audit(const AuditId& id, std::int64_t sequence, const std::vector<std::uint8_t>& chain) override {
        for (AuditRecord& record : tables_.audit) {
            if (record.id != id || record.sequence) continue;
            record.sequence = sequence;
            record.chain = chain;
            return true;
        }
        return false;
    }
    Result<void> insert_audit_checkpoint(const AuditCheckpoint& checkpoint) override {
        tables_.checkpoints.insert_or_assign(checkpoint.sequence, checkpoint);
        return {};
    }
    Result<bool> delete_audit_checkpoint(std::int64_t sequence) override {
        return tables_.checkpoints.erase(sequence) > 0;
    }
    Result<std::size_t> erase_audit(const AccountId& id) override {
        std::size_t erased = 0;
        for (AuditRecord& record : tables_.audit) {
            if (record.account_id != id) continue;
            record.address.clear();
            record.user_agent.clear();
            record.detail.clear();
            record.salt.clear();
            ++erased;
        }
        return erased;
    }
    Result<bool> take_lease(std::string_view name, std::string_view holder, Timestamp now, Timestamp until) override {
        auto found = tables_.leases.find(name);
        if (found != tables_.leases.end() && found->second.first != holder && found->second.second > now) return false;
        tables_.leases.insert_or_assign(std::string(name), std::pair(std::string(holder), until));
        return true;
    }
    Result<void> insert_mail_token(const MailToken& token) override {
        tables_.mail_tokens.emplace(token.id, token);
        return {};
    }
    Result<bool> update_mail_token_hash(const MailTokenId& id, const std::vector<std::uint8_t>& secret_hash) override {
        auto found = tables_.mail_tokens.find(id);
        if (found == tables_.mail_tokens.end()) return false;
        found->second.secret_hash = secret_hash;
        return true;
    }
    Result<bool> delete_mail_token(const MailTokenId& id) override { return tables_.mail_tokens.erase(id) > 0; }
    Result<std::size_t> delete_mail_tokens_of(const AccountId& id, std::optional<MailPurpose> purpose) override {
        return std::erase_if(tables_.mail_tokens, [&](const auto& entry) {
            return entry.second.account_id == id && (!purpose || entry.second.purpose == *purpose);
        });
    }
    Result<std::size_t> delete_all_mail_tokens() override {
        const std::size_t deleted = tables_.mail_tokens.size();
        tables_.mail_tokens.clear();
        return deleted;
    }
    Result<void> insert_outbox(const OutboxEntry& entry) override {
        tables_.outbox.emplace(entry.id, entry);
        return {};
    }
    Result<std::vector<OutboxEntry>> claim_outbox(OutboxKind kind, Timestamp now, Timestamp until,
                                                  std::size_t limit) override {
        std::vector<OutboxEntry*> due;
        for (auto& [id, entry] : tables_.outbox) {
            if (entry.kind != kind || entry.state != OutboxState::pending) continue;
            if (entry.due_at <= now) due.push_back(&entry);
        }
        std::ranges::stable_sort(due, {}, [](const OutboxEntry* entry) { return entry->due_at; });
        std::vector<OutboxEntry> claimed;
        for (OutboxEntry* entry : due) {
            if (claimed.size() == limit) break;
            entry->attempts += 1;
            entry->due_at = until;
            claimed.push_back(*entry);
        }
        return claimed;
    }
    Result<bool> update_outbox(const OutboxEntry& entry, std::int64_t expected_attempts) override {
        auto found = tables_.outbox.find(entry.id);
        if (found == tables_.outbox.end() || found->second.attempts != expected_attempts) return false;
        found->second = entry;
        return true;
    }
    Result<bool> delete_outbox(const OutboxId& id) override { return tables_.outbox.erase(id) > 0; }
    Result<void> add_login_failures(const std::vector<std::uint8_t>& email_digest, std::int64_t count,
                                    Timestamp last_at) override {
        LoginFailures& failures = tables_.login_failures[email_digest];
        failures.email_digest = email_digest;
        failures.count += count;
        failures.last_at = std::max(failures.last_at, last_at);
        return {};
    }
    Result<bool> delete_login_failures(const std::vector<std::uint8_t>& email_digest) override {
        return tables_.login_failures.erase(email_digest) > 0;
    }
    Result<std::size_t> delete_known_networks(const AccountId& id) override {
        return std::erase_if(tables_.known_networks, [&](const auto& entry) { return entry.first.first == id; });
    }
    Result<void> note_known_network(const AccountId& id, std::string_view network, Timestamp now) override {
        tables_.known_networks.insert_or_assign(std::pair(id, std::string(network)), now);
        auto networks = TRY(list_known_networks(id));
        for (std::size_t i = limits::known_networks; i < networks.size(); ++i)
            tables_.known_networks.erase({id, networks[i]});
        return {};
    }

private:
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

    ListId list_;
    std::uint32_t& next_slot_;
};

class MemoryStore final : public Store, public Revocations {
public:
    explicit MemoryStore(Timestamp now) : list_(ListId::make(now)) {}

    void read(ReadWork work, Done done) override {
        ++reads;
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
    void on_clients_changed(std::function<void()>) override {}
    void on_revocations(std::function<void(const RevocationChange&)>) override {}
    [[nodiscard]] StoreFigures figures() const override { return {}; }
    std::vector<Finding> diagnose() override { return {}; }

    [[nodiscard]] SlotState state(const SlotRef& ref) const noexcept override {
        if (ref.list != list_ || ref.index >= next_slot_) return SlotState::unknown;
        auto found = tables.slots.find({ref.list, ref.index});
        return found != tables.slots.end() && found->second.revoked_at ? SlotState::revoked : SlotState::live;
    }
    [[nodiscard]] bool is_fresh() const noexcept override { return fresh; }
    [[nodiscard]] std::optional<std::uint64_t> version_of(const ListId& list) const override {
        if (list != list_) return std::nullopt;
        return static_cast<std::uint64_t>(
            std::ranges::count_if(tables.slots, [](const auto& entry) { return entry.second.revoked_at.has_value(); }));
    }
    // Not compressed: the bits themselves, of the slots that were given out.
    [[nodiscard]] std::optional<PublishedList> publish(const ListId& list) const override {
        if (list != list_) return std::nullopt;
        auto bytes = std::make_shared<std::vector<std::uint8_t>>((next_slot_ + 7) / 8);
        for (const auto& [ref, slot] : tables.slots) {
            if (slot.revoked_at) bytes->at(ref.second / 8) |= static_cast<std::uint8_t>(1U << (ref.second % 8));
        }
        return PublishedList{.id = list,
                             .kid = "kid",
                             .expires_at = Timestamp::max(),
                             .version = *version_of(list),
                             .zlib = std::move(bytes)};
    }
    [[nodiscard]] std::vector<ListId> list_ids() const override { return {list_}; }

    MemoryTables tables;
    std::atomic<bool> fresh = true;  // read by the thread of the revocation feed
    bool reachable = true;
    int catch_ups = 0;
    int reads = 0;

private:
    ListId list_;
    std::uint32_t next_slot_ = 0;
};

}  // namespace postern::core

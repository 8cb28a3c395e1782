// The tables of the store in memory, and what is read from them. See memory_store.hpp.
#pragma once

#include <algorithm>
#include <functional>
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
    std::map<ClientId, Client> clients;
    std::map<std::string, std::string, std::less<>> settings;
    std::vector<AuditRecord> audit;
    std::map<std::int64_t, AuditCheckpoint> checkpoints;
    std::map<MailTokenId, MailToken> mail_tokens;
    std::map<OutboxId, OutboxEntry> outbox;
    std::map<std::vector<std::uint8_t>, LoginFailures> login_failures;
    std::map<std::pair<AccountId, std::string>, Timestamp> known_networks;
    std::map<std::string, std::pair<std::string, Timestamp>, std::less<>> leases;
};

class MemoryReads : public Transaction {
public:
    explicit MemoryReads(MemoryTables& tables) : tables_(tables) {}

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
    Result<std::vector<Account>> search_accounts(const AccountFilter& filter, std::optional<AccountId> after,
                                                 std::size_t limit) override {
        const auto fits = [&filter](const Account& account) {
            return account.email_key.find(filter.text) != std::string::npos &&
                   (!filter.kind || *filter.kind == account.kind) &&
                   (!filter.admin || *filter.admin == account.admin) &&
                   (!filter.disabled || *filter.disabled == account.disabled_at.has_value()) &&
                   (!filter.active || *filter.active == is_active(account));
        };
        return page_of(tables_.accounts, after, limit, fits);
    }
    Result<std::vector<std::string>> list_password_schemes() override {
        std::set<std::string> schemes;
        for (const auto& [id, account] : tables_.accounts) {
            if (!account.password_scheme.empty()) schemes.insert(account.password_scheme);
        }
        return std::vector<std::string>(schemes.begin(), schemes.end());
    }
    Result<std::vector<Account>> list_accounts_of_scheme(std::string_view scheme, std::optional<AccountId> after,
                                                         std::size_t limit) override {
        return page_of(tables_.accounts, after, limit,
                       [&](const Account& account) { return account.password_scheme == scheme; });
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
    Result<std::int64_t> find_last_counter(const SessionId& id) override {
        std::int64_t last = 0;
        for (const auto& [ref, slot] : tables_.slots) {
            if (slot.session_id == id) last = std::max(last, slot.counter);
        }
        return last;
    }
    Result<std::optional<Client>> find_client(const ClientId& id) override { return find_in(tables_.clients, id); }
    Result<std::optional<Client>> find_client_by_name(std::string_view name) override {
        for (const auto& [id, client] : tables_.clients) {
            if (client.name == name) return std::optional(client);
        }
        return std::optional<Client>();
    }
    Result<std::vector<Client>> list_clients(std::optional<ClientId> after, std::size_t limit) override {
        std::vector<Client> clients;
        for (const auto& [id, client] : tables_.clients) {
            if (clients.size() < limit && (!after || *after < id)) clients.push_back(client);
        }
        return clients;
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
    Result<std::vector<AuditRecord>> search_audit(const AuditFilter& filter, std::optional<AuditId> before,
                                                  std::size_t limit) override {
        std::vector<AuditRecord> page;
        for (auto at = tables_.audit.rbegin(); at != tables_.audit.rend() && page.size() < limit; ++at) {
            if (before && !(at->id < *before)) continue;
            if (filter.account && at->account_id != filter.account) continue;
            if (!filter.event.empty() && at->event != filter.event) continue;
            page.push_back(*at);
        }
        return page;
    }
    Result<std::vector<AuditRecord>> list_unsealed_audit(std::optional<AuditId> after, std::size_t limit) override {
        auto page = audit_where(tables_.audit.size(), [&](const AuditRecord& record) {
            return !record.sequence && (!after || record.id > *after);
        });
        std::ranges::sort(page, {}, &AuditRecord::id);
        if (page.size() > limit) page.resize(limit);
        return page;
    }
    Result<std::vector<AuditRecord>> list_sealed_audit(std::int64_t first, std::size_t limit) override {
        auto page = audit_where(tables_.audit.size(), [&](const AuditRecord& record) {
            return record.sequence && *record.sequence >= first;
        });
        std::ranges::sort(page, {}, &AuditRecord::sequence);
        if (page.size() > limit) page.resize(limit);
        return page;
    }
    Result<std::vector<AuditCheckpoint>> list_audit_checkpoints(std::int64_t first, std::size_t limit) override {
        std::vector<AuditCheckpoint> page;
        for (auto at = tables_.checkpoints.lower_bound(first); at != tables_.checkpoints.end() && page.size() < limit;
             ++at)
            page.push_back(at->second);
        return page;
    }
    Result<std::optional<AuditCheckpoint>> find_last_audit_checkpoint() override {
        if (tables_.checkpoints.empty()) return std::optional<AuditCheckpoint>();
        return std::optional(tables_.checkpoints.rbegin()->second);
    }
    Result<std::optional<MailToken>> find_mail_token(const MailTokenId& id) override {
        return find_in(tables_.mail_tokens, id);
    }
    Result<std::vector<MailToken>> list_mail_tokens(const AccountId& id) override {
        return page_of(tables_.mail_tokens, std::optional<MailTokenId>(), tables_.mail_tokens.size(),
                       [&](const MailToken& token) { return token.account_id == id; });
    }
    Result<std::optional<OutboxEntry>> find_outbox_entry(const OutboxId& id) override {
        return find_in(tables_.outbox, id);
    }
    Result<std::vector<OutboxEntry>> list_outbox(std::optional<OutboxState> state, std::optional<OutboxId> before,
                                                 std::size_t limit) override {
        std::vector<OutboxEntry> page;
        for (auto at = tables_.outbox.rbegin(); at != tables_.outbox.rend() && page.size() < limit; ++at) {
            if ((!before || at->first < *before) && (!state || at->second.state == *state)) page.push_back(at->second);
        }
        return page;
    }
    Result<std::int64_t> count_mails_since(const AccountId& id, std::string_view topic, Timestamp since) override {
        return std::ranges::count_if(tables_.outbox, [&](const auto& entry) {
            const OutboxEntry& mail = entry.second;
            return mail.kind == OutboxKind::mail && mail.account_id == id && mail.topic == topic &&
                   mail.created_at >= since;
        });
    }
    Result<std::optional<Timestamp>> find_next_outbox_due(OutboxKind kind) override {
        std::optional<Timestamp> next;
        for (const auto& [id, entry] : tables_.outbox) {
            if (entry.kind != kind || entry.state != OutboxState::pending) continue;
            if (!next || entry.due_at < *next) next = entry.due_at;
        }
        return next;
    }
    Result<OutboxFigures> count_outbox(OutboxKind kind) override {
        OutboxFigures figures;
        for (const auto& [id, entry] : tables_.outbox) {
            if (entry.kind != kind) continue;
            figures.failed += entry.state == OutboxState::failed ? 1 : 0;
            if (entry.state != OutboxState::pending) continue;
            figures.pending += 1;
            figures.oldest_pending = std::min(figures.oldest_pending.value_or(entry.created_at), entry.created_at);
        }
        return figures;
    }
    Result<std::optional<LoginFailures>> find_login_failures(const std::vector<std::uint8_t>& email_digest) override {
        return find_in(tables_.login_failures, email_digest);
    }
    Result<std::vector<LoginFailures>> list_login_failures(std::int64_t count, std::size_t limit) override {
        std::vector<LoginFailures> page;
        for (const auto& [digest, failures] : tables_.login_failures) {
            if (failures.count >= count) page.push_back(failures);
        }
        std::ranges::stable_sort(page, std::greater<>(), &LoginFailures::count);
        if (page.size() > limit) page.resize(limit);
        return page;
    }
    Result<std::vector<std::string>> list_known_networks(const AccountId& id) override {
        std::vector<std::pair<Timestamp, std::string>> found;
        for (const auto& [key, at] : tables_.known_networks) {
            if (key.first == id) found.emplace_back(at, key.second);
        }
        std::ranges::sort(found, std::greater<>());
        std::vector<std::string> networks;
        for (auto& [at, network] : found) networks.push_back(std::move(network));
        return networks;
    }
    Result<bool> is_known_network(std::string_view network) override {
        return std::ranges::any_of(tables_.known_networks,
                                   [&](const auto& entry) { return entry.first.second == network; });
    }

protected:
    template <typename Table, typename Condition>
    static std::vector<typename Table::mapped_type> page_of(const Table& table,
                                                            std::optional<typename Table::key_type> after,
                                                            std::size_t limit, Condition condition) {
        std::vector<typename Table::mapped_type> page;
        for (auto at = after ? table.upper_bound(*after) : table.begin(); at != table.end() && page.size() < limit;
             ++at)
            if (condition(at->second)) page.push_back(at->second);
        return page;
    }
    template <typename Condition>
    std::vector<AuditRecord> audit_where(std::size_t limit, Condition condition) {
        std::vector<AuditRecord> page;
        for (const AuditRecord& record : tables_.audit)
            if (page.size() < limit && condition(record)) page.push_back(record);
        return page;
    }
    template <typename Table, typename Key>
    static Result<std::optional<typename Table::mapped_type>> find_in(const Table& table, const Key& key) {
        auto found = table.find(key);
        if (found == table.end()) return std::optional<typename Table::mapped_type>();
        return std::optional(found->second);
    }

    MemoryTables& tables_;
};

}  // namespace postern::core

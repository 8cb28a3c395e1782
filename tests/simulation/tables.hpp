// Rows as a database keeps them for several transactions at once: what is committed, who holds which row, and what one
// transaction has changed and nobody else sees yet.
//
// As PostgreSQL does it at READ COMMITTED: a statement sees what was committed before it began and what its own
// transaction did; a row that another transaction has changed is waited for, and looked at again afterwards.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/mail_tokens.hpp"
#include "core/store.hpp"
#include "store/bitmaps.hpp"

namespace postern::simulation {

class Transaction;

template <typename Key, typename Row>
struct Table {
    std::map<Key, Row> rows;              // committed
    std::map<Key, Transaction*> holders;  // of rows that are being changed
};

template <typename Key, typename Row>
struct Change {
    Key key;
    std::optional<Row> before;
    std::optional<Row> after;
};

using SlotKey = std::pair<core::ListId, std::uint32_t>;

struct Tables {
    Table<core::AccountId, core::Account> accounts;
    Table<core::SessionId, core::Session> sessions;
    Table<SlotKey, core::Slot> slots;
    Table<std::string, core::StoredKey> keys;
    Table<core::MailTokenId, core::MailToken> mail_tokens;
    Table<std::string, std::string> settings;
    std::map<core::ListId, store::ListInfo> lists;
    std::map<const Transaction*, const Transaction*> waits;  // who waits for whom
};

// What one commit did.
struct Committed {
    std::vector<Change<core::AccountId, core::Account>> accounts;
    std::vector<Change<core::SessionId, core::Session>> sessions;
    std::vector<Change<SlotKey, core::Slot>> slots;
    std::vector<Change<std::string, core::StoredKey>> keys;
    std::vector<Change<core::MailTokenId, core::MailToken>> mail_tokens;
    std::vector<core::ListId> lists_gone;
    std::vector<core::ListId> lists_revoked;  // of a revoked key; not those that are opened at the same time
    std::size_t audit_records = 0;
};

// One transaction's view of one table.
template <typename Key, typename Row>
class View {
public:
    explicit View(Table<Key, Row>& table) : table_(&table) {}

    [[nodiscard]] std::optional<Row> find(const Key& key) const {
        if (const auto own = own_.find(key); own != own_.end()) return own->second;
        const auto found = table_->rows.find(key);
        return found == table_->rows.end() ? std::nullopt : std::optional(found->second);
    }
    template <typename Condition>
    [[nodiscard]] std::vector<Key> keys_where(Condition condition) const {
        std::vector<Key> keys;
        for (const auto& [key, row] : table_->rows) {
            if (!own_.contains(key) && condition(row)) keys.push_back(key);
        }
        for (const auto& [key, row] : own_) {
            if (row && condition(*row)) keys.push_back(key);
        }
        std::sort(keys.begin(), keys.end());
        return keys;
    }
    template <typename Condition>
    [[nodiscard]] std::vector<Row> rows_where(Condition condition) const {
        std::vector<Row> rows;
        for (const Key& key : keys_where(condition)) rows.push_back(*find(key));
        return rows;
    }
    void put(const Key& key, Row row) { own_.insert_or_assign(key, std::move(row)); }
    void erase(const Key& key) { own_.insert_or_assign(key, std::nullopt); }

    // Whoever else holds the row; nobody: it is ours from now on.
    Transaction* hold(const Key& key, Transaction* who) {
        const auto [at, is_new] = table_->holders.try_emplace(key, who);
        if (is_new) held_.push_back(key);
        return at->second == who ? nullptr : at->second;
    }
    void commit(std::vector<Change<Key, Row>>& changes) {
        for (auto& [key, row] : own_) {
            auto found = table_->rows.find(key);
            std::optional<Row> before;
            if (found != table_->rows.end()) before = found->second;
            changes.push_back({key, std::move(before), row});
            if (row) {
                table_->rows.insert_or_assign(key, std::move(*row));
            } else if (found != table_->rows.end()) {
                table_->rows.erase(found);
            }
        }
        own_.clear();
    }
    void release() {
        for (const Key& key : held_) table_->holders.erase(key);
        held_.clear();
        own_.clear();
    }

private:
    Table<Key, Row>* table_;
    std::map<Key, std::optional<Row>> own_;
    std::vector<Key> held_;
};

}  // namespace postern::simulation

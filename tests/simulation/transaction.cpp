#include "transaction.hpp"

#include "base/limits.hpp"
#include "core/accounts.hpp"
#include "fiber.hpp"

namespace postern::simulation {
namespace {

core::ListId unused_list() {
    return {};
}
std::uint32_t unused_slot = 0;

SlotKey key_of(const core::SlotRef& ref) {
    return {ref.list, ref.index};
}

}  // namespace

Transaction::Transaction(Tables& tables, core::MemoryTables& others, store::OpenLists& open_lists,
                         store::Pending& pending, bool pauses)
    : core::MemoryTransaction(others, unused_list(), unused_slot),
      all_(tables),
      open_lists_(open_lists),
      pending_(pending),
      accounts_(tables.accounts),
      sessions_(tables.sessions),
      slots_(tables.slots),
      keys_(tables.keys),
      mail_tokens_(tables.mail_tokens),
      settings_(tables.settings),
      pauses_(pauses) {}

Committed Transaction::commit() {
    Committed done;
    accounts_.commit(done.accounts);
    sessions_.commit(done.sessions);
    slots_.commit(done.slots);
    keys_.commit(done.keys);
    mail_tokens_.commit(done.mail_tokens);
    std::vector<Change<std::string, std::string>> settings;
    settings_.commit(settings);
    done.audit_records = audit_records_;
    for (const auto& list : pending_.revoked_lists) {
        done.lists_revoked.push_back(list.id);
        if (auto found = all_.lists.find(list.id); found != all_.lists.end()) found->second.revoked = true;
    }
    for (const core::ListId& id : swept_lists_) all_.lists.erase(id);
    done.lists_gone = std::move(swept_lists_);
    roll_back();
    return done;
}

void Transaction::roll_back() {
    accounts_.release();
    sessions_.release();
    slots_.release();
    keys_.release();
    mail_tokens_.release();
    settings_.release();
    std::erase_if(all_.waits, [this](const auto& wait) { return wait.first == this || wait.second == this; });
}

void Transaction::doom() {
    roll_back();
    doomed_ = true;
}

Result<void> Transaction::pause() {
    if (pauses_) Fiber::yield();
    if (doomed_) return unavailable("The server has died");
    return {};
}

template <typename Key, typename Row>
Result<void> Transaction::hold(View<Key, Row>& view, const Key& key) {
    while (Transaction* holder = view.hold(key, this)) {
        const Transaction* other = holder;
        for (auto at = all_.waits.find(other); at != all_.waits.end(); at = all_.waits.find(other)) other = at->second;
        if (other == this) return conflict("retry", "deadlock");
        all_.waits.insert_or_assign(this, holder);
        auto paused = pause();
        all_.waits.erase(this);
        TRY(std::move(paused));
    }
    return {};
}

template <typename Key, typename Row, typename Condition, typename Update>
Result<std::vector<Key>> Transaction::update_where(View<Key, Row>& view, std::vector<Key> keys, Condition condition,
                                                   Update update) {
    std::vector<Key> updated;
    for (const Key& key : keys) {
        TRY(hold(view, key));
        auto row = view.find(key);
        if (!row || !condition(*row)) continue;
        update(*row);
        view.put(key, std::move(*row));
        updated.push_back(key);
    }
    return updated;
}

template <typename Key, typename Row, typename Condition>
Result<std::size_t> Transaction::delete_where(View<Key, Row>& view, Condition condition) {
    std::size_t deleted = 0;
    for (const Key& key : view.keys_where(condition)) {
        TRY(hold(view, key));
        const auto row = view.find(key);
        if (!row || !condition(*row)) continue;
        view.erase(key);
        ++deleted;
    }
    return deleted;
}

Result<void> Transaction::sweep(Timestamp now, Milliseconds session_retention) {
    TRY(pause());
    for (const auto& [id, list] : all_.lists) {
        if (list.expires_at < now - limits::clock_leeway) swept_lists_.push_back(id);
    }
    for (const core::ListId& id : swept_lists_) {
        TRY(delete_where(slots_, [&](const core::Slot& slot) { return slot.ref.list == id; }));
    }
    TRY(pause());
    TRY(delete_where(sessions_, [&](const core::Session& session) {
        return session.ended_at.value_or(session.idle_deadline) < now - session_retention;
    }));
    TRY(pause());
    TRY(delete_where(mail_tokens_, [&](const core::MailToken& token) { return token.expires_at < now; }));
    TRY(pause());
    TRY(delete_where(keys_, [&](const core::StoredKey& key) {
        const bool gone = key.state == core::KeyState::retired || key.state == core::KeyState::revoked;
        return gone && key.expires_at && *key.expires_at < now - limits::clock_leeway;
    }));
    return {};
}

Result<std::optional<core::Account>> Transaction::find_account(const core::AccountId& id) {
    TRY(pause());
    return accounts_.find(id);
}
Result<std::optional<core::Account>> Transaction::find_account_by_email(std::string_view email_key) {
    TRY(pause());
    auto found = accounts_.rows_where([&](const core::Account& account) { return account.email_key == email_key; });
    if (found.empty()) return std::optional<core::Account>();
    return std::optional(std::move(found.front()));
}
Result<std::int64_t> Transaction::count_active_admins() {
    TRY(pause());
    return static_cast<std::int64_t>(
        accounts_.keys_where([](const core::Account& account) { return account.admin && core::is_active(account); })
            .size());
}
Result<std::optional<core::Session>> Transaction::find_session(const core::SessionId& id) {
    TRY(pause());
    return sessions_.find(id);
}
Result<std::vector<core::Session>> Transaction::list_sessions(const core::AccountId& id, bool ended_too,
                                                              std::size_t limit) {
    TRY(pause());
    auto found = sessions_.rows_where(
        [&](const core::Session& session) { return session.account_id == id && (ended_too || !session.ended_at); });
    std::reverse(found.begin(), found.end());
    if (found.size() > limit) found.resize(limit);
    return found;
}
Result<std::optional<core::Slot>> Transaction::find_slot(const core::SlotRef& ref) {
    TRY(pause());
    return slots_.find(key_of(ref));
}
Result<std::optional<core::Slot>> Transaction::find_slot_of_counter(const core::SessionId& id, std::int64_t counter) {
    TRY(pause());
    auto found =
        slots_.rows_where([&](const core::Slot& slot) { return slot.session_id == id && slot.counter == counter; });
    if (found.empty()) return std::optional<core::Slot>();
    return std::optional(std::move(found.front()));
}
Result<std::int64_t> Transaction::find_last_counter(const core::SessionId& id) {
    TRY(pause());
    std::int64_t last = 0;
    for (const core::Slot& slot : slots_.rows_where([&](const core::Slot& row) { return row.session_id == id; })) {
        last = std::max(last, slot.counter);
    }
    return last;
}
Result<std::vector<core::StoredKey>> Transaction::list_keys() {
    TRY(pause());
    return keys_.rows_where([](const core::StoredKey&) { return true; });
}
Result<std::optional<std::string>> Transaction::find_setting(std::string_view name) {
    TRY(pause());
    return settings_.find(std::string(name));
}
Result<std::optional<core::MailToken>> Transaction::find_mail_token(const core::MailTokenId& id) {
    TRY(pause());
    return mail_tokens_.find(id);
}
Result<std::vector<core::MailToken>> Transaction::list_mail_tokens(const core::AccountId& id) {
    TRY(pause());
    return mail_tokens_.rows_where([&](const core::MailToken& token) { return token.account_id == id; });
}

Result<void> Transaction::insert_account(const core::Account& account) {
    TRY(pause());
    TRY(hold(accounts_, account.id));
    accounts_.put(account.id, account);
    return {};
}
Result<bool> Transaction::update_account(const core::Account& account, std::int64_t expected_security_version) {
    TRY(pause());
    const auto updated = TRY(update_where(
        accounts_, {account.id},
        [&](const core::Account& row) { return row.security_version == expected_security_version; },
        [&](core::Account& row) { row = account; }));
    return !updated.empty();
}
Result<bool> Transaction::take_account(const core::AccountId& id, std::int64_t expected_security_version) {
    TRY(pause());
    const auto updated = TRY(update_where(
        accounts_, {id}, [&](const core::Account& row) { return row.security_version == expected_security_version; },
        [](core::Account&) {}));
    return !updated.empty();
}
Result<bool> Transaction::update_last_login(const core::AccountId& id, std::int64_t expected_security_version,
                                            Timestamp now) {
    TRY(pause());
    const auto updated = TRY(update_where(
        accounts_, {id}, [&](const core::Account& row) { return row.security_version == expected_security_version; },
        [&](core::Account& row) { row.last_login_at = now; }));
    return !updated.empty();
}

Result<void> Transaction::insert_session(const core::Session& session) {
    TRY(pause());
    TRY(hold(sessions_, session.id));
    sessions_.put(session.id, session);
    return {};
}
Result<bool> Transaction::advance_session(const core::SessionId& id, std::int64_t expected_counter, Timestamp now,
                                          Timestamp idle_deadline) {
    TRY(pause());
    const auto updated = TRY(update_where(
        sessions_, {id}, [&](const core::Session& row) { return row.counter == expected_counter && !row.ended_at; },
        [&](core::Session& row) {
            row.counter += 1;
            row.last_used_at = now;
            row.idle_deadline = idle_deadline;
        }));
    return !updated.empty();
}
Result<bool> Transaction::end_session(const core::SessionId& id, Timestamp now, core::RevocationReason reason) {
    TRY(pause());
    const auto updated = TRY(update_where(
        sessions_, {id}, [](const core::Session& row) { return !row.ended_at; },
        [&](core::Session& row) {
            row.ended_at = now;
            row.end_reason = core::word(reason);
        }));
    if (updated.empty()) pending_.revoked_before = true;
    return !updated.empty();
}
Result<std::vector<core::SessionId>> Transaction::end_sessions_of(const core::AccountId& id, Timestamp now,
                                                                  core::RevocationReason reason) {
    TRY(pause());
    const auto fits = [&](const core::Session& row) { return row.account_id == id && !row.ended_at; };
    return update_where(sessions_, sessions_.keys_where(fits), fits, [&](core::Session& row) {
        row.ended_at = now;
        row.end_reason = core::word(reason);
    });
}

Result<core::SlotRef> Transaction::reserve_slot(std::string_view kid, Timestamp now) {
    TRY(pause());
    auto reserved = open_lists_.reserve(kid, now);
    if (!reserved.has_value() && reserved.error().code == "list_needed") {
        pending_.list_needed.emplace(std::string(kid), now);
    }
    return reserved;
}
Result<void> Transaction::insert_slot(const core::Slot& slot) {
    TRY(pause());
    TRY(hold(slots_, key_of(slot.ref)));
    if (slots_.find(key_of(slot.ref))) return conflict("unique_violation", "token_slots");
    slots_.put(key_of(slot.ref), slot);
    return {};
}
Result<std::size_t> Transaction::revoke(const std::vector<SlotKey>& slots, Timestamp now,
                                        core::RevocationReason reason) {
    const auto updated = TRY(update_where(
        slots_, slots, [](const core::Slot& row) { return !row.revoked_at; },
        [&](core::Slot& row) {
            row.revoked_at = now;
            row.revoke_reason = core::word(reason);
        }));
    for (const SlotKey& key : updated) pending_.revoked.push_back({key.first, key.second});
    return updated.size();
}
Result<bool> Transaction::revoke_slot(const core::SlotRef& ref, Timestamp now, core::RevocationReason reason) {
    TRY(pause());
    const bool revoked = TRY(revoke({key_of(ref)}, now, reason)) == 1;
    if (!revoked) pending_.revoked_before = true;
    return revoked;
}
Result<std::size_t> Transaction::revoke_slots_of_session(const core::SessionId& id, Timestamp now,
                                                         core::RevocationReason reason) {
    TRY(pause());
    return revoke(slots_.keys_where([&](const core::Slot& slot) { return slot.session_id == id; }), now, reason);
}

Result<void> Transaction::insert_key(const core::StoredKey& key) {
    TRY(pause());
    TRY(hold(keys_, key.kid));
    keys_.put(key.kid, key);
    pending_.keys_changed = true;
    return {};
}
Result<bool> Transaction::update_key(const core::StoredKey& key) {
    TRY(pause());
    const auto updated = TRY(update_where(
        keys_, {key.kid}, [](const core::StoredKey&) { return true; }, [&](core::StoredKey& row) { row = key; }));
    if (updated.empty()) return false;
    if (key.state == core::KeyState::revoked) {
        for (auto [id, list] : all_.lists) {
            if (list.kid != key.kid) continue;
            list.revoked = true;
            pending_.revoked_lists.push_back(list);
        }
    }
    pending_.keys_changed = true;
    return true;
}
Result<void> Transaction::set_setting(std::string_view name, std::string_view value) {
    TRY(pause());
    TRY(hold(settings_, std::string(name)));
    settings_.put(std::string(name), std::string(value));
    return {};
}
Result<void> Transaction::insert_audit(const core::AuditRecord&) {
    ++audit_records_;
    return {};
}
Result<void> Transaction::insert_mail_token(const core::MailToken& token) {
    TRY(pause());
    TRY(hold(mail_tokens_, token.id));
    mail_tokens_.put(token.id, token);
    return {};
}
Result<bool> Transaction::delete_mail_token(const core::MailTokenId& id) {
    TRY(pause());
    return TRY(delete_where(mail_tokens_, [&](const core::MailToken& token) { return token.id == id; })) == 1;
}
Result<std::size_t> Transaction::delete_mail_tokens_of(const core::AccountId& id,
                                                       std::optional<core::MailPurpose> purpose) {
    TRY(pause());
    return delete_where(mail_tokens_, [&](const core::MailToken& token) {
        return token.account_id == id && (!purpose || token.purpose == *purpose);
    });
}

}  // namespace postern::simulation

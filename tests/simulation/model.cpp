#include "model.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace postern::simulation {
namespace {

void require(bool holds, const Cause& cause, const std::string& what) {
    if (!holds) throw Violation("the commit of \"" + cause.flow + "\": " + what);
}
void require(bool holds, const std::string& what) {
    if (!holds) throw Violation(what);
}

// As core::is_active() should say.
bool active(const core::Account& account) {
    const bool let_in = account.kind == core::AccountKind::demo ? account.email_verified_at.has_value()
                                                                : account.activated_at.has_value();
    return let_in && !account.disabled_at;
}

template <typename Key, typename Row>
void learn(std::map<Key, Row>& rows, const Change<Key, Row>& change) {
    if (change.after) {
        rows.insert_or_assign(change.key, *change.after);
    } else {
        rows.erase(change.key);
    }
}

}  // namespace

void Model::committed(const Cause& cause, const Committed& done) {
    for (const auto& change : done.accounts) learn(accounts_, change);
    for (const auto& change : done.keys) learn(keys_, change);
    for (const auto& change : done.mail_tokens) {
        if (change.after) links_.insert_or_assign(change.key, change.after->account_id);
        if (!change.after) links_.erase(change.key);
    }
    for (const auto& change : done.sessions) learn(sessions_, change);
    for (const auto& change : done.slots) {
        check_slot(cause, change);
        learn(slots_, change);
    }
    for (const auto& change : done.sessions) check_session(cause, change, done);
    for (const auto& change : done.accounts) check_account(cause, change);
    for (const auto& change : done.keys) {
        const bool was_revoked = change.before && change.before->state == core::KeyState::revoked;
        require(!was_revoked || !change.after || change.after->state == core::KeyState::revoked, cause,
                "the revoked key " + change.key + " came back");
        if (change.after && change.after->state == core::KeyState::revoked) revoked_keys_.insert(change.key);
    }
    for (const auto& id : done.lists_revoked) {
        if (const auto list = lists_.find(id); list != lists_.end()) list->second.revoked = true;
    }
    for (const auto& id : done.lists_gone) lists_.erase(id);
    if (!done.keys.empty() && cause.flow != "sweep") check_keys();
    const bool ends_trust =
        std::ranges::any_of(done.sessions, [](const auto& c) { return c.before && c.after && c.after->ended_at; }) ||
        std::ranges::any_of(done.slots, [](const auto& c) { return c.before && c.after && c.after->revoked_at; });
    require(!ends_trust || done.audit_records > 0, cause, "trust ended without an audit record");
}

void Model::check_account(const Cause& cause, const Change<core::AccountId, core::Account>& change) {
    if (!change.before || !change.after) return;
    const core::Account& before = *change.before;
    const core::Account& after = *change.after;
    require(after.security_version >= before.security_version, cause, "a security version fell");
    const bool password = after.password_hash != before.password_hash;
    const bool disabled = after.disabled_at && !before.disabled_at;
    const bool role = after.admin != before.admin;
    const bool relied_on = password || role || after.disabled_at != before.disabled_at ||
                           after.activated_at != before.activated_at ||
                           after.email_verified_at != before.email_verified_at;
    require(!relied_on || after.security_version > before.security_version, cause,
            "what a login relies on changed, and the security version did not");
    if (password || disabled || role) check_no_trust_left(cause, change.key, password || disabled);
    const bool had_admin = before.admin && active(before);
    const bool admin_left =
        std::ranges::any_of(accounts_, [](const auto& entry) { return entry.second.admin && active(entry.second); });
    require(!had_admin || admin_left, cause, "no active administrator is left");
}

void Model::check_no_trust_left(const Cause& cause, const core::AccountId& account, bool links_too) const {
    for (const auto& [id, session] : sessions_) {
        if (session.account_id != account || cause.kept == id) continue;
        require(session.ended_at.has_value(), cause, "the session " + id.text() + " outlived it");
        check_session_has_no_live_token(cause, id);
    }
    for (const auto& [id, owner] : links_) {
        require(!links_too || owner != account, cause, "the mailed link " + id.text() + " outlived it");
    }
}

void Model::check_session_has_no_live_token(const Cause& cause, const core::SessionId& session) const {
    const auto keys = slots_of_.find(session);
    if (keys == slots_of_.end()) return;
    for (const SlotKey& key : keys->second) {
        const auto slot = slots_.find(key);
        require(
            slot == slots_.end() || slot->second.revoked_at.has_value(), cause,
            "the session " + session.text() + " has ended, and its token " + std::to_string(key.second) + " is live");
    }
}

void Model::check_session(const Cause& cause, const Change<core::SessionId, core::Session>& change,
                          const Committed& done) {
    const std::string name = "the session " + change.key.text();
    if (!change.after) {
        const core::Session& gone = *change.before;
        require(cause.flow == "sweep" && gone.ended_at.value_or(gone.idle_deadline) < cause.sessions_before, cause,
                name + " was deleted");
        slots_of_.erase(change.key);
        issued_.erase(change.key);
        return;
    }
    const core::Session& after = *change.after;
    if (!change.before) {
        const auto& account = accounts_.at(after.account_id);
        require(cause.flow == "login", cause, name + " was opened");
        require(active(account), cause, name + " opened for an account that may not log in");
        require(account.password_hash == cause.verified_hash, cause, name + " opened by a password of before");
        return;
    }
    const core::Session& before = *change.before;
    require(!before.ended_at || (after.ended_at == before.ended_at && after.counter == before.counter), cause,
            name + " changed after its end");
    require(after.ends_at == before.ends_at && after.idle_deadline <= after.ends_at, cause, name + " was prolonged");
    if (after.ended_at) {
        check_session_has_no_live_token(cause, change.key);
        ended_by_[cause.number].push_back(change.key);
    }
    if (after.counter == before.counter) return;
    require(after.counter == before.counter + 1 && cause.presented == before.counter, cause,
            name + " moved on from a counter that was not presented");
    const auto children = std::ranges::count_if(done.slots, [&](const auto& slot) {
        return !slot.before && slot.after && slot.after->session_id == change.key &&
               slot.after->counter == after.counter;
    });
    require(children == 1, cause, name + " moved on with " + std::to_string(children) + " tokens");
}

void Model::check_slot(const Cause& cause, const Change<SlotKey, core::Slot>& change) {
    if (!change.after) {
        require(cause.flow == "sweep", cause, "a slot was deleted");
        return;
    }
    const core::Slot& after = *change.after;
    if (change.before) {
        require(!change.before->revoked_at || change.before->revoked_at == after.revoked_at, cause,
                "a revocation was taken back");
        require(change.before->token_id == after.token_id, cause, "a slot was given out twice");
        return;
    }
    const auto session = sessions_.find(after.session_id);
    require(session != sessions_.end() && !session->second.ended_at, cause, "a token for a session that has ended");
    require(after.expires_at <= session->second.ends_at, cause, "a token outlives its session");
    require(issued_[after.session_id].try_emplace(after.counter, after).second, cause,
            "two tokens for one counter of the session " + after.session_id.text());
    slots_of_[after.session_id].insert(change.key);
}

void Model::check_keys() const {
    for (const auto purpose : {core::KeyPurpose::access, core::KeyPurpose::refresh, core::KeyPurpose::status_list}) {
        const auto count = [&](core::KeyState state) {
            return std::ranges::count_if(keys_, [&](const auto& entry) {
                return entry.second.purpose == purpose && entry.second.state == state;
            });
        };
        require(count(core::KeyState::active) == 1, "there is not one active key for " +
                                                        std::string(core::word(purpose)) + " but " +
                                                        std::to_string(count(core::KeyState::active)));
        require(count(core::KeyState::next) <= 1, "two keys wait for one purpose");
    }
}

void Model::sessions_ended(std::size_t number, std::size_t step) {
    for (const auto& session : ended_by_[number]) session_ended(session, step);
}

void Model::link_used(const core::MailTokenId& link) {
    require(used_links_.insert(link).second, "the mailed link " + link.text() + " worked twice");
}

void Model::refreshed(const core::RefreshClaims& presented, const core::RefreshOutcome& outcome, Timestamp now,
                      std::size_t began) {
    using core::RefreshStatus;
    const std::string name =
        "the refresh token " + presented.session_id.text() + "." + std::to_string(presented.counter);
    if (outcome.pair) {
        const auto dead = dead_sessions_.find(presented.session_id);
        require(dead == dead_sessions_.end() || dead->second >= began, name + " worked after its session had ended");
        const core::TokenId child = outcome.pair->access.token_id;
        const auto [known, is_new] = children_.try_emplace({presented.session_id, presented.counter}, child);
        require(known->second == child, name + " has two children");
        const auto ended = dead_tokens_.find(child);
        require(ended == dead_tokens_.end() || ended->second >= began, name + " brought a revoked token back");
        require(outcome.pair->refresh.counter == presented.counter + 1, name + " has a child of another counter");
    }
    const auto issued = issued_.find(presented.session_id);
    if (issued == issued_.end()) return;  // swept before the answer came
    std::optional<Timestamp> superseded_at;
    const auto child = issued->second.find(presented.counter + 1);
    if (child != issued->second.end()) superseded_at = child->second.issued_at;
    const bool in_grace = superseded_at && now - *superseded_at <= grace_;
    const auto session = sessions_.find(presented.session_id);
    const bool over = session == sessions_.end() || session->second.ended_at || session->second.idle_deadline <= now ||
                      session->second.ends_at <= now;
    switch (outcome.status) {
        case RefreshStatus::rotated:
        case RefreshStatus::repeated:
        case RefreshStatus::superseded: require(in_grace, name + " was taken for one within its grace"); break;
        case RefreshStatus::reused:
            require(superseded_at && !in_grace, name + " was taken for a stolen one within its grace");
            require(session == sessions_.end() || session->second.ended_at,
                    name + " was reused, and its session lives");
            break;
        case RefreshStatus::session_ended: require(over, name + " was refused though its session lives"); break;
        case RefreshStatus::unknown_counter: throw Violation(name + " is not known");
    }
}

void Model::token_accepted(const core::AccessClaims& claims, const std::string& kid) const {
    const std::string name = "the access token " + claims.token_id.text();
    require(!dead_tokens_.contains(claims.token_id), name + " was accepted after its revocation was acknowledged");
    // A token that was revoked by itself a moment before its session ended: who did that has not been answered yet.
    const auto slot = slots_.find({claims.slot.list, claims.slot.index});
    const bool by_itself =
        slot != slots_.end() && slot->second.revoke_reason == core::word(core::RevocationReason::token_revoked);
    require(by_itself || !dead_sessions_.contains(claims.session_id),
            name + " was accepted after the end of its session " + claims.session_id.text());
    require(!dead_keys_.contains(kid), name + " was accepted after its key was revoked");
}

void Model::token_refused(const core::AccessClaims& claims, const std::string& kid, Timestamp now,
                          const std::string& why) const {
    const auto slot = slots_.find({claims.slot.list, claims.slot.index});
    const bool revoked = slot == slots_.end() || slot->second.revoked_at.has_value();
    // A child that is repeated after a key was revoked is signed by another, and has its slot in a list of the former.
    const auto list = lists_.find(claims.slot.list);
    const bool list_revoked = list == lists_.end() || list->second.revoked;
    require(revoked || list_revoked || revoked_keys_.contains(kid) || claims.expires_at <= now,
            "the access token " + claims.token_id.text() + " was refused (" + why + ") and nothing has ended it");
}

void Model::published(const core::ListId& id, const std::vector<std::uint8_t>& bits, bool settled) const {
    const auto list = lists_.find(id);
    if (list == lists_.end()) return;  // swept a moment ago
    const std::string name = "the status list " + id.text();
    for (std::uint32_t index = 0; index < list->second.slots; ++index) {
        const bool bit = ((bits.at(index / 8) >> (index % 8)) & 1U) != 0;
        const auto slot = slots_.find({id, index});
        const bool revoked = list->second.revoked || (slot != slots_.end() && slot->second.revoked_at.has_value());
        require(!bit || revoked, name + " has a bit that nobody set: " + std::to_string(index));
        const bool told = slot != slots_.end() && dead_tokens_.contains(slot->second.token_id);
        require(bit || !(settled ? revoked : told), name + " lacks the bit " + std::to_string(index));
    }
}

bool Model::may_log_in(const core::AccountId& account, const std::string& hash) const {
    const auto& found = accounts_.at(account);
    return active(found) && found.password_hash == hash;
}
std::int64_t Model::version_of(const core::AccountId& account) const {
    return accounts_.at(account).security_version;
}

}  // namespace postern::simulation

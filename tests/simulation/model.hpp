// What must be true, written down apart from the rules: DESIGN by invariant, not by flow. It learns two things, what
// each commit did and what clients were told, and throws a Violation when they do not fit.
//
// Of a commit:
//  - an account's security version never falls, and rises with every change of what a login relies on
//  - a password, role or disabling that changes ends every session of the account and every token, in that commit, and
//    voids its mailed links (a role leaves those)
//  - a session opens only for an account that may log in, by the password that is its password then
//  - a counter moves by one, with one slot; of each counter there is one slot, ever; what ended stays ended
//  - an ended session has no live token; what is revoked stays revoked; each of these has its audit record
//  - one key of a purpose signs, one at most waits; a revoked key stays revoked
//  - an administrator is left
// Of an answer: see the verbs below.
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>

#include "core/sessions.hpp"
#include "tables.hpp"

namespace postern::simulation {

class Violation : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Which flow a commit belongs to, as far as its rules differ.
struct Cause {
    std::string flow;
    std::size_t number = 0;                      // of the write
    std::string verified_hash = {};              // login: what the password was checked against
    std::optional<core::SessionId> kept = {};    // a changed password: the session that changed it
    std::optional<std::int64_t> presented = {};  // refresh: the counter
    Timestamp sessions_before = {};              // sweep: how old a session must be
};

class Model {
public:
    explicit Model(Milliseconds refresh_grace) : grace_(refresh_grace) {}

    void committed(const Cause& cause, const Committed& done);
    void list_opened(const store::ListInfo& list) { lists_.insert_or_assign(list.id, list); }

    // Clients were told that these are over: from `step` on nothing may accept them.
    void token_ended(const core::TokenId& token, std::size_t step) { dead_tokens_.try_emplace(token, step); }
    void session_ended(const core::SessionId& session, std::size_t step) { dead_sessions_.try_emplace(session, step); }
    // Those that the write of that number has ended; those that were over before are told by whoever ended them.
    void sessions_ended(std::size_t number, std::size_t step);
    void key_ended(const std::string& kid, std::size_t step) { dead_keys_.try_emplace(kid, step); }
    void link_used(const core::MailTokenId& link);

    // What became of a refresh that a client began at `began`.
    void refreshed(const core::RefreshClaims& presented, const core::RefreshOutcome& outcome, Timestamp now,
                   std::size_t began);
    void token_accepted(const core::AccessClaims& claims, const std::string& kid) const;
    void token_refused(const core::AccessClaims& claims, const std::string& kid, Timestamp now,
                       const std::string& why) const;
    // Bits of a published list. `settled`: no commit is between its durability and its bits.
    void published(const core::ListId& list, const std::vector<std::uint8_t>& bits, bool settled) const;

    [[nodiscard]] bool may_log_in(const core::AccountId& account, const std::string& hash) const;
    [[nodiscard]] std::int64_t version_of(const core::AccountId& account) const;
    [[nodiscard]] const std::map<core::AccountId, core::Account>& accounts() const { return accounts_; }

private:
    void check_account(const Cause& cause, const Change<core::AccountId, core::Account>& change);
    void check_session(const Cause& cause, const Change<core::SessionId, core::Session>& change, const Committed& done);
    void check_slot(const Cause& cause, const Change<SlotKey, core::Slot>& change);
    void check_keys() const;
    void check_no_trust_left(const Cause& cause, const core::AccountId& account, bool links_too) const;
    void check_session_has_no_live_token(const Cause& cause, const core::SessionId& session) const;

    const Milliseconds grace_;
    std::map<core::AccountId, core::Account> accounts_;
    std::map<core::SessionId, core::Session> sessions_;
    std::map<SlotKey, core::Slot> slots_;
    std::map<core::SessionId, std::map<std::int64_t, core::Slot>> issued_;  // by counter; also when the slot is gone
    std::map<core::SessionId, std::set<SlotKey>> slots_of_;
    std::map<std::string, core::StoredKey> keys_;
    std::set<std::string> revoked_keys_;
    std::map<core::MailTokenId, core::AccountId> links_;
    std::map<core::ListId, store::ListInfo> lists_;
    std::map<std::size_t, std::vector<core::SessionId>> ended_by_;  // number of a write
    std::map<core::TokenId, std::size_t> dead_tokens_;
    std::map<core::SessionId, std::size_t> dead_sessions_;
    std::map<std::string, std::size_t> dead_keys_;
    std::map<std::pair<core::SessionId, std::int64_t>, core::TokenId> children_;  // of a counter, as clients got them
    std::set<core::MailTokenId> used_links_;
};

}  // namespace postern::simulation

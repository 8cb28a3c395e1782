// What keeps every table bounded: rows that nothing can need any more go, a small transaction at a time.
//
// - token_slots, token_lists: a whole list at a time, once its expiry and limits::clock_leeway have passed
// - sessions: ended or expired longer than the retention ago
// - audit_records, audit_checkpoints: whole stretches of the chain, from its beginning up to a checkpoint that is older
//   than the retention. That checkpoint stays: what is left of the chain is proved from it. What no checkpoint covers
//   stays too
// - mail_tokens: past their expiry
// - outbox: sent or given up longer than limits::outbox_retention ago
// - login_failures: none for limits::login_failures_retention
// - signing_keys: retired or revoked, and the last token that they made has expired
// - accounts: sign-ups that nobody confirmed within the retention, by the rule of core/sign_up.hpp
// Other accounts, clients and settings are what people put there, and they stay; known_networks, leases and
// change_marks are bounded by their number. sweep_year_test.cpp holds every table to this.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/diagnosis.hpp"
#include "store/driver.hpp"

namespace postern::store {

struct Retention {
    Milliseconds sessions{};
    Milliseconds audit{};
    Milliseconds unconfirmed{};  // sign-ups
};

// One write transaction that deletes at most limits::sweep_rows rows, or one stretch of the audit chain should that be
// longer; says how many. To be called until it says none.
Result<std::size_t> sweep(Connection& connection, const Retention& retention, Timestamp now);

// Counts the rows of every table; takes a moment for each million.
Result<std::vector<core::TableSize>> count_rows(Connection& connection);

// What an engine's sweeps have done and found, for its figures. Thread-safe.
class SweepRecord {
public:
    void add(std::size_t swept) { swept_rows_ += static_cast<std::int64_t>(swept); }
    // count_rows(), remembered.
    Result<void> count(Connection& connection);
    void report(core::StoreFigures& figures) const;

private:
    std::atomic<std::int64_t> swept_rows_ = 0;
    mutable std::mutex mutex_;
    std::vector<core::TableSize> tables_;
};

}  // namespace postern::store

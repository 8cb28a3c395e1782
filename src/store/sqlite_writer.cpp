#include "store/sqlite_writer.hpp"

#include <map>

namespace postern::store {
namespace {

// A work's second run finds the list that was opened for it, unless 2^20 others were faster.
constexpr int most_runs = 5;

}  // namespace

struct SqliteWriter::Writing {
    WriteJob job;
    Pending pending;
    Result<void> outcome;
};

SqliteWriter::SqliteWriter(std::unique_ptr<SqliteConnection> connection, Bitmaps& bitmaps, OpenLists& lists,
                           const Clock& clock, Callbacks callbacks)
    : connection_(std::move(connection)),
      bitmaps_(bitmaps),
      lists_(lists),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      thread_([this] { run(); }) {}

SqliteWriter::~SqliteWriter() {
    stop();
}

void SqliteWriter::stop() {
    queue_.stop();
    if (thread_.joinable()) thread_.join();
}

void SqliteWriter::write(core::Store::WriteWork work, core::Store::Done done) {
    queue_.push(std::move(work), std::move(done));
}

void SqliteWriter::add_chore(Chore chore) {
    {
        const std::lock_guard lock(chores_mutex_);
        chores_.push_back(std::move(chore));
    }
    queue_.nudge();
}

void SqliteWriter::run() {
    while (!queue_.finished()) {
        auto jobs = queue_.take(limits::store_batch_writes);
        if (!jobs.empty()) run_batch(std::move(jobs));
        run_chore();
        connection_->checkpoint_when_due();
    }
}

void SqliteWriter::run_chore() {
    Chore chore;
    {
        const std::lock_guard lock(chores_mutex_);
        if (chores_.empty()) return;
        chore = std::move(chores_.front());
        chores_.pop_front();
        if (!chores_.empty()) queue_.nudge();
    }
    auto outcome = run_guarded(chore, *connection_);
    connection_->rollback();  // nothing to do, unless it failed
    if (!outcome.has_value()) log::warning("store_chore_failed", {{"message", outcome.error().message}});
}

void SqliteWriter::run_batch(std::vector<WriteJob> jobs) {
    const auto now = std::chrono::steady_clock::now();
    std::vector<Writing> batch;
    batch.reserve(jobs.size());
    for (auto& job : jobs) {
        if (job.give_up_at < now) {
            finish(job.done, waited_too_long());
        } else {
            batch.push_back({std::move(job), {}, {}});
        }
    }
    if (batch.empty()) return;
    auto committed = run_all(batch);
    if (!committed.has_value()) {
        fail(batch, committed.error());
        return;
    }
    complete(batch);
    open_needed_lists(batch);
}

Result<void> SqliteWriter::run_all(std::vector<Writing>& batch) {
    TRY(connection_->begin_write());
    for (auto& writing : batch) {
        auto ran = run_one(writing);
        if (ran.has_value()) continue;
        connection_->rollback();
        return ran;
    }
    return connection_->commit();
}

// An error means that the transaction as a whole is lost; the work's own stands in `outcome`.
Result<void> SqliteWriter::run_one(Writing& writing) {
    TRY(connection_->set_savepoint());
    SqlTransaction transaction(*connection_, lists_, writing.pending);
    writing.outcome = run_guarded(writing.job.work, transaction);
    if (!connection_->in_transaction()) {
        if (!writing.outcome.has_value()) return std::move(writing.outcome.error());
        return unavailable("The database gave up the transaction; nothing was written.");
    }
    if (writing.outcome.has_value() && !writing.pending.list_needed) return connection_->release_savepoint();
    auto list_needed = std::move(writing.pending.list_needed);
    writing.pending = Pending{};
    writing.pending.list_needed = std::move(list_needed);
    return connection_->rollback_to_savepoint();
}

// Whatever a work found, it found in a state that never came to be: all are told the same.
void SqliteWriter::fail(std::vector<Writing>& batch, const Error& error) {
    ++failed_commits_;
    log::error("store_commit_failed", {{"message", error.message}, {"writes", batch.size()}});
    const auto told = error.kind == ErrorKind::unavailable
                          ? error
                          : unavailable("The store could not commit, and nothing was written: " + error.message);
    for (auto& writing : batch) finish(writing.job.done, told);
}

void SqliteWriter::complete(std::vector<Writing>& batch) {
    ++commits_;
    bool keys_changed = false;
    bool clients_changed = false;
    bool outbox_changed = false;
    for (const auto& writing : batch) {
        apply(writing.pending, bitmaps_);
        keys_changed = keys_changed || writing.pending.keys_changed;
        clients_changed = clients_changed || writing.pending.clients_changed;
        outbox_changed = outbox_changed || writing.pending.outbox_changed;
    }
    if (keys_changed) callbacks_.keys_changed();
    if (clients_changed) callbacks_.clients_changed();
    if (outbox_changed) callbacks_.outbox_changed();
    for (auto& writing : batch) {
        if (writing.pending.list_needed) continue;
        if (writing.outcome.has_value()) ++writes_;
        if (writing.outcome.has_value() && writing.pending.revoked_before) {
            callbacks_.catch_up(std::move(writing.job.done));
        } else {
            finish(writing.job.done, std::move(writing.outcome));
        }
    }
}

void SqliteWriter::open_needed_lists(std::vector<Writing>& batch) {
    // A key and the end of its window: many works of a batch need the same list.
    std::map<std::pair<std::string, Timestamp>, Result<void>> opened;
    std::vector<WriteJob> again;
    for (auto& writing : batch) {
        if (!writing.pending.list_needed) continue;
        const auto& [kid, at] = *writing.pending.list_needed;
        if (++writing.job.runs >= most_runs) {
            finish(writing.job.done, unavailable("No slot could be had for the key " + kid + "."));
            continue;
        }
        const auto list = lists_.list_for(kid, at);
        auto place = opened.find({kid, list.expires_at});
        if (place == opened.end()) place = opened.emplace(std::pair(kid, list.expires_at), open_list(list)).first;
        if (place->second.has_value()) {
            again.push_back(std::move(writing.job));
        } else {
            finish(writing.job.done,
                   unavailable("No revocation list could be opened: " + place->second.error().message));
        }
    }
    if (!again.empty()) queue_.put_back(std::move(again));
}

Result<void> SqliteWriter::open_list(ListInfo list) {
    TRY(connection_->begin_write());
    auto inserted = insert_list(*connection_, list, clock_.now());
    if (!inserted.has_value()) {
        connection_->rollback();
        return inserted;
    }
    TRY(connection_->commit());
    bitmaps_.put_list(list);
    lists_.opened(list);
    return {};
}

Result<void> SqliteWriter::open_lists_ahead() {
    for (const auto& list : lists_.wanted_ahead(clock_.now())) TRY(open_list(list));
    return {};
}

}  // namespace postern::store

// The one thread that writes to SQLite, and its group commit.
//
//   queue --take up to limits::store_batch_writes--> BEGIN IMMEDIATE
//     each work: SAVEPOINT, run, RELEASE            an error or a throw: ROLLBACK TO, the others go on
//     COMMIT once                                   fails: every work of the batch is told unavailable
//     flip the bits, then every `done`
//
// Work that needs a revocation list that is not open is rolled back; after the batch the list's row is committed in a
// transaction of its own, and the work runs again at the head of the next batch.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "core/store.hpp"
#include "store/bitmaps.hpp"
#include "store/open_lists.hpp"
#include "store/sqlite_driver.hpp"
#include "store/transaction.hpp"
#include "store/work_queue.hpp"

namespace postern::store {

class SqliteWriter {
public:
    // A transaction of its own between two batches; it begins and commits it. An error is logged.
    using Chore = std::function<Result<void>(SqliteConnection&)>;

    // Run on the writer's thread, after the commit.
    struct Callbacks {
        std::function<void()> keys_changed;
        std::function<void()> clients_changed;
        std::function<void()> outbox_changed;
        // Runs `done` once what others have committed is known here.
        std::function<void(core::Store::Done done)> catch_up;
    };

    // The references must outlive the writer.
    SqliteWriter(std::unique_ptr<SqliteConnection> connection, Bitmaps& bitmaps, OpenLists& lists, const Clock& clock,
                 Callbacks callbacks);
    ~SqliteWriter();
    SqliteWriter(const SqliteWriter&) = delete;
    SqliteWriter& operator=(const SqliteWriter&) = delete;

    void write(core::Store::WriteWork work, core::Store::Done done);
    // Forgotten when the writer stops before its turn.
    void add_chore(Chore chore);
    // Opens the lists that will be wanted soon; for a chore.
    Result<void> open_lists_ahead();
    // Finishes what is queued and ends the thread.
    void stop();

    [[nodiscard]] std::size_t queued() const { return queue_.size(); }
    [[nodiscard]] std::int64_t commits() const { return commits_; }
    [[nodiscard]] std::int64_t writes() const { return writes_; }
    [[nodiscard]] std::int64_t failed_commits() const { return failed_commits_; }

private:
    using WriteJob = Job<core::Store::WriteWork>;
    struct Writing;

    void run();
    void run_batch(std::vector<WriteJob> jobs);
    Result<void> run_all(std::vector<Writing>& batch);
    Result<void> run_one(Writing& writing);
    void fail(std::vector<Writing>& batch, const Error& error);
    void complete(std::vector<Writing>& batch);
    void open_needed_lists(std::vector<Writing>& batch);
    Result<void> open_list(ListInfo list);
    void run_chore();

    const std::unique_ptr<SqliteConnection> connection_;
    Bitmaps& bitmaps_;
    OpenLists& lists_;
    const Clock& clock_;
    const Callbacks callbacks_;

    WorkQueue<core::Store::WriteWork> queue_;
    std::mutex chores_mutex_;
    std::deque<Chore> chores_;
    std::atomic<std::int64_t> commits_ = 0;
    std::atomic<std::int64_t> writes_ = 0;
    std::atomic<std::int64_t> failed_commits_ = 0;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace postern::store

// core::Store over PostgreSQL: a pool of connections for the work, the feed, and a keeper that watches the time.
//
// The keeper never talks to the database itself: it sends notifications, sweeps and opens lists as work of the pool,
// and tells those whose time is up, so that a database that hangs makes nobody wait longer than the limits say.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/limits.hpp"
#include "store/bitmaps.hpp"
#include "store/change_listener.hpp"
#include "store/open_lists.hpp"
#include "store/postgres_feed.hpp"
#include "store/postgres_pool.hpp"
#include "store/store.hpp"
#include "store/sweep.hpp"
#include "store/transaction.hpp"

namespace postern::store {

class PostgresStore final : public core::Store {
public:
    // `statement_time`: how long the server may take for one statement. Errors: see open_store().
    static Result<std::unique_ptr<core::Store>> open(const StoreOptions& options, const Clock& clock,
                                                     Milliseconds statement_time = limits::postgres_statement_time);
    // Finishes what is queued.
    ~PostgresStore() override;
    PostgresStore(const PostgresStore&) = delete;
    PostgresStore& operator=(const PostgresStore&) = delete;

    void read(ReadWork work, Done done) override;
    void write(WriteWork work, Done done) override;
    void catch_up(Done done) override;
    [[nodiscard]] const core::Revocations& revocations() const noexcept override { return bitmaps_; }
    void on_keys_changed(std::function<void()> changed) override;
    void on_clients_changed(std::function<void()> changed) override;
    void on_revocations(std::function<void(const core::RevocationChange&)> learnt) override;
    void on_outbox_changed(std::function<void()> changed) override;
    [[nodiscard]] core::StoreFigures figures() const override;
    std::vector<core::Finding> diagnose() override;

private:
    using SteadyTime = std::chrono::steady_clock::time_point;

    PostgresStore(const StoreOptions& options, const Clock& clock, Milliseconds statement_time);

    Result<void> run_read(PostgresConnection& connection, const ReadWork& work);
    // Again and again, while the work loses races or needs a list that is not open. `revoked_before`: as Pending says.
    Result<void> run_write(PostgresConnection& connection, const WriteWork& work, bool& revoked_before);
    Result<void> try_write(PostgresConnection& connection, const WriteWork& work, Pending& pending);
    void complete(PostgresConnection& connection, const Pending& pending);
    Result<void> open_list_for(PostgresConnection& connection, const std::string& kid, Timestamp at);
    Result<void> open_list(PostgresConnection& connection, ListInfo list);
    void tell_other_nodes(PostgresConnection& connection);

    void keep();
    void keep_house();
    void open_lists_ahead(const std::vector<ListInfo>& lists);
    void sweep_some();
    void count_tables();

    const std::string url_;
    const Retention retention_;
    const bool serving_;
    const Clock& clock_;
    Bitmaps bitmaps_;
    OpenLists lists_;
    std::mutex opening_;  // one thread at a time opens a list, and the others find it

    ChangeListener keys_listener_;
    ChangeListener clients_listener_;
    ChangeListener outbox_listener_;
    SweepRecord sweep_record_;
    std::atomic<std::int64_t> commits_ = 0;
    std::atomic<std::int64_t> failed_commits_ = 0;

    PostgresPool pool_;
    PostgresFeed feed_;

    std::mutex keeper_mutex_;
    std::condition_variable keeper_wakes_;
    bool notification_wanted_ = false;
    std::atomic<bool> closing_ = false;
    std::atomic<bool> opening_ahead_ = false;
    std::atomic<bool> sweeping_ = false;
    SteadyTime next_upkeep_;  // the keeper's own, as is the next
    SteadyTime next_sweep_;
    std::thread keeper_;
};

}  // namespace postern::store

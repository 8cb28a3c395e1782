// core::Store over one SQLite file: a writer with group commit, readers, and a watcher for what other processes do.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "store/bitmaps.hpp"
#include "store/change_listener.hpp"
#include "store/open_lists.hpp"
#include "store/sqlite_readers.hpp"
#include "store/sqlite_watcher.hpp"
#include "store/sqlite_writer.hpp"
#include "store/store.hpp"
#include "store/sweep.hpp"

namespace postern::store {

class SqliteStore final : public core::Store {
public:
    // `file` is what follows "sqlite:" in the URL. `busy_time`: how long another process may hold the write lock.
    static Result<std::unique_ptr<core::Store>> open(const std::string& file, const StoreOptions& options,
                                                     const Clock& clock,
                                                     Milliseconds busy_time = limits::sqlite_busy_time);
    // Finishes what is queued.
    ~SqliteStore() override;
    SqliteStore(const SqliteStore&) = delete;
    SqliteStore& operator=(const SqliteStore&) = delete;

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
    struct Connections;

    SqliteStore(std::string file, const StoreOptions& options, const Clock& clock, Connections connections);
    void keep_house();
    void add_sweep();
    Result<void> sweep_some(SqliteConnection& connection);
    void count_tables();

    const std::string file_;
    const Retention retention_;
    const Clock& clock_;
    Bitmaps bitmaps_;
    OpenLists lists_;

    ChangeListener keys_listener_;
    ChangeListener clients_listener_;
    ChangeListener outbox_listener_;
    SweepRecord sweep_record_;
    std::chrono::steady_clock::time_point next_sweep_;  // the watcher's thread only
    std::atomic<bool> upkeep_waits_ = false;
    std::atomic<bool> sweep_waits_ = false;

    SqliteWriter writer_;
    SqliteReaders readers_;
    SqliteWatcher watcher_;
};

}  // namespace postern::store

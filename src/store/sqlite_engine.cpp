#include "store/sqlite_engine.hpp"

#include "base/log.hpp"
#include "store/migrations.hpp"
#include "store/sqlite_diagnosis.hpp"

namespace postern::store {

struct SqliteStore::Connections {
    std::unique_ptr<SqliteConnection> writer;
    std::vector<std::unique_ptr<SqliteConnection>> readers;
    std::unique_ptr<SqliteConnection> watcher;
};

Result<std::unique_ptr<core::Store>> SqliteStore::open(const std::string& file, const StoreOptions& options,
                                                       const Clock& clock, Milliseconds busy_time) {
    Connections connections;
    connections.writer = TRY(SqliteConnection::open(file, SqliteAccess::read_write, busy_time));
    if (!options.serving) TRY(connections.writer->use_cache(limits::sqlite_command_cache_bytes));
    TRY(migrate(*connections.writer));
    const std::size_t readers = options.serving ? limits::sqlite_readers : 1;
    while (connections.readers.size() < readers) {
        connections.readers.push_back(TRY(SqliteConnection::open(file, SqliteAccess::read_only, busy_time)));
    }
    connections.watcher = TRY(SqliteConnection::open(file, SqliteAccess::read_only, busy_time));
    auto store = std::unique_ptr<SqliteStore>(new SqliteStore(file, options, clock, std::move(connections)));
    TRY(store->watcher_.start(options.serving));
    return std::unique_ptr<core::Store>(std::move(store));
}

SqliteStore::SqliteStore(std::string file, const StoreOptions& options, const Clock& clock, Connections connections)
    : file_(std::move(file)),
      retention_{options.session_retention, options.audit_retention, options.unconfirmed_retention},
      clock_(clock),
      bitmaps_(options.freshness_bound),
      lists_(options.access_token_life),
      writer_(std::move(connections.writer), bitmaps_, lists_, clock,
              {[this] { keys_listener_.tell(); }, [this] { clients_listener_.tell(); },
               [this] { outbox_listener_.tell(); }, [this](Done done) { watcher_.catch_up(std::move(done)); }}),
      readers_(std::move(connections.readers), lists_),
      watcher_(std::move(connections.watcher), bitmaps_, clock,
               {[this] { keys_listener_.tell(); }, [this] { clients_listener_.tell(); }, [this] { keep_house(); }}) {}

// In this order: the watcher gives work to the other two, and a read that ends may begin a write.
SqliteStore::~SqliteStore() {
    watcher_.stop();
    readers_.stop();
    writer_.stop();
}

void SqliteStore::read(ReadWork work, Done done) {
    readers_.read(std::move(work), std::move(done));
}

void SqliteStore::write(WriteWork work, Done done) {
    writer_.write(std::move(work), std::move(done));
}

void SqliteStore::catch_up(Done done) {
    watcher_.catch_up(std::move(done));
}

void SqliteStore::on_keys_changed(std::function<void()> changed) {
    keys_listener_.set(std::move(changed));
}

void SqliteStore::on_clients_changed(std::function<void()> changed) {
    clients_listener_.set(std::move(changed));
}

void SqliteStore::on_revocations(std::function<void(const core::RevocationChange&)> learnt) {
    bitmaps_.on_learnt(std::move(learnt));
}

void SqliteStore::on_outbox_changed(std::function<void()> changed) {
    outbox_listener_.set(std::move(changed));
}

void SqliteStore::keep_house() {
    bitmaps_.drop_lists_expired_at(clock_.now() - limits::clock_leeway);
    // The last one may still wait, while another process holds the lock.
    if (!upkeep_waits_.exchange(true)) {
        writer_.add_chore([this](SqliteConnection&) {
            upkeep_waits_ = false;
            return writer_.open_lists_ahead();
        });
    }
    if (std::chrono::steady_clock::now() < next_sweep_) return;
    next_sweep_ = std::chrono::steady_clock::now() + limits::sweep_interval;
    add_sweep();
}

void SqliteStore::add_sweep() {
    if (sweep_waits_.exchange(true)) return;
    writer_.add_chore([this](SqliteConnection& connection) {
        sweep_waits_ = false;
        return sweep_some(connection);
    });
}

// On the writer's thread, so that a sweep never contends with a login for the lock; one transaction at a time, so that
// no login waits for more than one.
Result<void> SqliteStore::sweep_some(SqliteConnection& connection) {
    const auto swept = TRY(sweep(connection, retention_, clock_.now()));
    sweep_record_.add(swept);
    if (swept > 0) {
        add_sweep();
    } else {
        count_tables();
    }
    return {};
}

void SqliteStore::count_tables() {
    readers_.read_rows([this](Connection& reader) { return sweep_record_.count(reader); },
                       [](Result<void> counted) {
                           if (counted.has_value()) return;
                           log::debug("store_count_failed", {{"message", counted.error().message}});
                       });
}

core::StoreFigures SqliteStore::figures() const {
    core::StoreFigures figures;
    figures.queued = static_cast<std::int64_t>(writer_.queued() + readers_.queued());
    figures.commits = writer_.commits();
    figures.writes = writer_.writes();
    figures.failed_commits = writer_.failed_commits();
    bitmaps_.report(figures);
    sweep_record_.report(figures);
    return figures;
}

std::vector<core::Finding> SqliteStore::diagnose() {
    return diagnose_sqlite(file_);
}

}  // namespace postern::store

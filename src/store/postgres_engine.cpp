#include "store/postgres_engine.hpp"

#include <algorithm>
#include <random>

#include "base/log.hpp"
#include "store/migrations.hpp"
#include "store/postgres_diagnosis.hpp"

namespace postern::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Work finds the list that was opened for it at its second run, unless 2^20 others were faster.
constexpr int most_lists_opened = 5;
// A command of the CLI works one piece after the other; the second is for what on_keys_changed() may read.
constexpr std::size_t connections_of_a_command = 2;

PostgresTarget target_of(const std::string& url, Milliseconds statement_time) {
    PostgresTarget target;
    target.url = url;
    target.statement_time = statement_time;
    return target;
}

PostgresTarget feed_target_of(const std::string& url, Milliseconds statement_time) {
    return target_of(url, std::min<Milliseconds>(statement_time, limits::feed_statement_time));
}

// Those who lost the same race must not meet again.
void pause_before_retry(int retry) {
    thread_local std::minstd_rand random(std::random_device{}());
    const auto longest = Milliseconds(limits::postgres_retry_time) * (1 << retry);
    std::this_thread::sleep_for(std::chrono::microseconds(
        std::uniform_int_distribution<std::int64_t>(0, std::chrono::microseconds(longest).count())(random)));
}

void log_failure(const char* event, const Result<void>& outcome) {
    if (!outcome.has_value()) log::warning(event, {{"message", outcome.error().message}});
}

}  // namespace

Result<std::unique_ptr<core::Store>> PostgresStore::open(const StoreOptions& options, const Clock& clock,
                                                         Milliseconds statement_time) {
    auto connection = TRY(PostgresConnection::open(feed_target_of(options.url, statement_time)));
    TRY(migrate(*connection));
    auto store = std::unique_ptr<PostgresStore>(new PostgresStore(options, clock, statement_time));
    TRY(store->feed_.start(std::move(connection), options.serving));
    store->keeper_ = std::thread([keeper = store.get()] { keeper->keep(); });
    return std::unique_ptr<core::Store>(std::move(store));
}

PostgresStore::PostgresStore(const StoreOptions& options, const Clock& clock, Milliseconds statement_time)
    : url_(options.url),
      retention_{options.session_retention, options.audit_retention, options.unconfirmed_retention},
      serving_(options.serving),
      clock_(clock),
      bitmaps_(options.freshness_bound),
      lists_(options.access_token_life),
      pool_(target_of(options.url, statement_time),
            options.serving ? limits::postgres_connections : connections_of_a_command, [this] { lists_.close_all(); }),
      feed_(feed_target_of(options.url, statement_time), bitmaps_, clock,
            {[this] { keys_listener_.tell(); }, [this] { clients_listener_.tell(); }}) {}

// In this order: the keeper gives work to the pool, which finishes what it has accepted.
PostgresStore::~PostgresStore() {
    {
        const std::lock_guard lock(keeper_mutex_);
        closing_ = true;
    }
    keeper_wakes_.notify_all();
    if (keeper_.joinable()) keeper_.join();
    feed_.stop();
    pool_.stop();
}

void PostgresStore::read(ReadWork work, Done done) {
    pool_.submit([this, work = std::move(work)](PostgresConnection& connection) { return run_read(connection, work); },
                 std::move(done));
}

void PostgresStore::write(WriteWork work, Done done) {
    auto revoked_before = std::make_shared<bool>(false);
    pool_.submit([this, work = std::move(work), revoked_before](
                     PostgresConnection& connection) { return run_write(connection, work, *revoked_before); },
                 [this, done = std::move(done), revoked_before](Result<void> outcome) {
                     if (!outcome.has_value() || !*revoked_before) return done(std::move(outcome));
                     feed_.catch_up(done);
                 });
}

void PostgresStore::catch_up(Done done) {
    feed_.catch_up(std::move(done));
}

void PostgresStore::on_keys_changed(std::function<void()> changed) {
    keys_listener_.set(std::move(changed));
}

void PostgresStore::on_clients_changed(std::function<void()> changed) {
    clients_listener_.set(std::move(changed));
}

void PostgresStore::on_revocations(std::function<void(const core::RevocationChange&)> learnt) {
    bitmaps_.on_learnt(std::move(learnt));
}

void PostgresStore::on_outbox_changed(std::function<void()> changed) {
    outbox_listener_.set(std::move(changed));
}

Result<void> PostgresStore::run_read(PostgresConnection& connection, const ReadWork& work) {
    TRY(connection.begin_read());
    Pending nothing;
    SqlTransaction reader(connection, lists_, nothing);
    auto outcome = run_guarded(work, reader);
    connection.rollback();
    return outcome;
}

Result<void> PostgresStore::run_write(PostgresConnection& connection, const WriteWork& work, bool& revoked_before) {
    int lists_opened = 0;
    int races_lost = 0;
    for (;;) {
        Pending pending;
        auto outcome = try_write(connection, work, pending);
        if (pending.list_needed && !connection.is_lost()) {
            if (++lists_opened > most_lists_opened) {
                return unavailable("No slot could be had for the key " + pending.list_needed->first + ".");
            }
            TRY(open_list_for(connection, pending.list_needed->first, pending.list_needed->second));
            continue;
        }
        if (outcome.has_value()) {
            complete(connection, pending);
            revoked_before = pending.revoked_before;
            return outcome;
        }
        if (outcome.error().code != "retry") return outcome;
        if (++races_lost > limits::postgres_retries) {
            return overloaded("Too many changes compete in the database; nothing was done. Try again.");
        }
        pause_before_retry(races_lost);
    }
}

Result<void> PostgresStore::try_write(PostgresConnection& connection, const WriteWork& work, Pending& pending) {
    TRY(connection.begin_write());
    SqlTransaction transaction(connection, lists_, pending);
    auto outcome = run_guarded(work, transaction);
    if (!outcome.has_value() || pending.list_needed) {
        connection.rollback();
        return outcome;
    }
    outcome = connection.commit();
    if (outcome.has_value()) {
        ++commits_;
    } else {
        connection.rollback();
        ++failed_commits_;
        // It may be durable all the same: then whoever asks again is told that it is revoked already, and here it must
        // be.
        if (outcome.error().kind == ErrorKind::unavailable) bitmaps_.doubt();
        log::warning("store_commit_failed", {{"message", outcome.error().message}});
    }
    return outcome;
}

void PostgresStore::complete(PostgresConnection& connection, const Pending& pending) {
    apply(pending, bitmaps_);
    if (pending.keys_changed) keys_listener_.tell();
    if (pending.clients_changed) clients_listener_.tell();
    if (pending.outbox_changed) outbox_listener_.tell();
    if (pending.feed_changed) tell_other_nodes(connection);
}

void PostgresStore::tell_other_nodes(PostgresConnection& connection) {
    if (!serving_ || closing_) {
        // Nobody will share this one. Without it the others learn of the change at their next poll.
        log_failure("store_notify_failed", connection.execute_script(feed_notify_sql));
        return;
    }
    const std::lock_guard lock(keeper_mutex_);
    notification_wanted_ = true;
    keeper_wakes_.notify_one();
}

Result<void> PostgresStore::open_list_for(PostgresConnection& connection, const std::string& kid, Timestamp at) {
    const std::lock_guard lock(opening_);
    // Another thread may have opened it in the meantime; the slot that this costs is one of a million.
    if (lists_.reserve(kid, at).has_value()) return {};
    auto opened = open_list(connection, lists_.list_for(kid, at));
    if (opened.has_value()) return opened;
    return unavailable("No revocation list could be opened: " + opened.error().message);
}

Result<void> PostgresStore::open_list(PostgresConnection& connection, ListInfo list) {
    TRY(connection.begin_write());
    auto inserted = insert_list(connection, list, clock_.now());
    if (inserted.has_value()) inserted = connection.commit();
    connection.rollback();
    TRY(std::move(inserted));
    bitmaps_.put_list(list);
    lists_.opened(list);
    tell_other_nodes(connection);
    return {};
}

// One NOTIFY for all that was committed within limits::feed_notify_interval: the first at once, the others together.
void PostgresStore::keep() {
    auto next_tick = SteadyClock::now();
    auto next_notification = next_tick;
    std::unique_lock lock(keeper_mutex_);
    while (!closing_ || notification_wanted_) {
        const auto now = SteadyClock::now();
        if (notification_wanted_ && (closing_ || now >= next_notification)) {
            notification_wanted_ = false;
            next_notification = now + limits::feed_notify_interval;
            lock.unlock();
            pool_.submit_first(
                [](PostgresConnection& connection) { return connection.execute_script(feed_notify_sql); },
                [](Result<void> sent) { log_failure("store_notify_failed", sent); });
            lock.lock();
        } else if (now >= next_tick) {
            next_tick = now + limits::store_tick_interval;
            lock.unlock();
            keep_house();
            lock.lock();
        } else {
            keeper_wakes_.wait_until(lock, notification_wanted_ ? std::min(next_tick, next_notification) : next_tick);
        }
    }
}

void PostgresStore::keep_house() {
    pool_.refuse_late();
    feed_.refuse_late();
    const auto now = SteadyClock::now();
    if (!serving_ || now < next_upkeep_ || pool_.away()) return;
    next_upkeep_ = now + limits::list_upkeep_interval;
    if (auto lists = lists_.wanted_ahead(clock_.now()); !lists.empty()) open_lists_ahead(lists);
    if (now < next_sweep_) return;
    next_sweep_ = now + limits::sweep_interval;
    if (!sweeping_.exchange(true)) sweep_some();
}

void PostgresStore::open_lists_ahead(const std::vector<ListInfo>& lists) {
    if (opening_ahead_.exchange(true)) return;
    pool_.submit(
        [this, lists](PostgresConnection& connection) -> Result<void> {
            for (const auto& list : lists) TRY(open_list(connection, list));
            return {};
        },
        [this](Result<void> opened) {
            log_failure("store_list_not_opened", opened);
            opening_ahead_ = false;
        });
}

// One transaction, then back into the queue, so that nobody waits for more than one. Nodes that sweep at the same time
// wait for each other's row locks, and then find nothing left.
void PostgresStore::sweep_some() {
    pool_.submit(
        [this](PostgresConnection& connection) -> Result<void> {
            const auto swept = TRY(sweep(connection, retention_, clock_.now()));
            sweep_record_.add(swept);
            if (closing_) return {};
            if (swept > 0) {
                sweep_some();
            } else {
                sweeping_ = false;
                count_tables();
            }
            return {};
        },
        [this](Result<void> swept) {
            if (swept.has_value()) return;
            log_failure("store_sweep_failed", swept);
            sweeping_ = false;
        });
}

void PostgresStore::count_tables() {
    pool_.submit([this](PostgresConnection& connection) { return sweep_record_.count(connection); },
                 [](Result<void> counted) { log_failure("store_count_failed", counted); });
}

core::StoreFigures PostgresStore::figures() const {
    core::StoreFigures figures;
    figures.queued = static_cast<std::int64_t>(pool_.queued());
    figures.commits = commits_;
    figures.writes = commits_;  // each commit holds one
    figures.failed_commits = failed_commits_;
    bitmaps_.report(figures);
    sweep_record_.report(figures);
    return figures;
}

std::vector<core::Finding> PostgresStore::diagnose() {
    return diagnose_postgres(url_, clock_);
}

}  // namespace postern::store

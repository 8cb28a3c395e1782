#include "store/postgres_feed.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <stdexcept>

#include "base/log.hpp"
#include "store/work_queue.hpp"

namespace postern::store {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto listen_sql = "LISTEN postern_feed";

int make_eventfd() {
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0) throw std::runtime_error("eventfd: no file descriptor left");
    return descriptor;
}

}  // namespace

PostgresFeed::PostgresFeed(PostgresTarget target, Bitmaps& bitmaps, const Clock& clock, Callbacks callbacks)
    : target_(std::move(target)),
      clock_(clock),
      callbacks_(std::move(callbacks)),
      wake_(make_eventfd()),
      feed_(bitmaps) {}

PostgresFeed::~PostgresFeed() {
    stop();
    close(wake_);
}

Result<void> PostgresFeed::start(std::unique_ptr<PostgresConnection> connection, bool following) {
    connection_ = std::move(connection);
    following_ = following;
    if (following_) TRY(connection_->execute_script(listen_sql));
    TRY(feed_.poll(*connection_, clock_.now()));
    next_look_ = SteadyClock::now() + limits::feed_poll_interval;
    thread_ = std::thread([this] { run(); });
    return {};
}

void PostgresFeed::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
}

void PostgresFeed::catch_up(core::Store::Done done) {
    std::unique_lock lock(mutex_);
    if (!stopped_ && waiting_.size() < limits::store_queue_entries) {
        waiting_.push_back({std::move(done), SteadyClock::now() + limits::feed_catch_up_time});
        lock.unlock();
        wake();
        return;
    }
    Error refusal =
        stopped_ ? unavailable("The server is shutting down.") : overloaded("Too many requests wait for the store.");
    lock.unlock();
    finish(done, std::move(refusal));
}

void PostgresFeed::refuse_late() {
    const auto now = SteadyClock::now();
    const auto in_time = [now](const Caller& caller) { return caller.give_up_at > now; };
    std::vector<Caller> late;
    {
        const std::lock_guard lock(mutex_);
        for (auto* callers : {&waiting_, &served_}) {
            const auto first_late = std::stable_partition(callers->begin(), callers->end(), in_time);
            late.insert(late.end(), std::make_move_iterator(first_late), std::make_move_iterator(callers->end()));
            callers->erase(first_late, callers->end());
        }
    }
    for (const auto& caller : late)
        finish(caller.done, unavailable("The database is too slow to say what is revoked."));
}

void PostgresFeed::run() {
    Result<void> outcome;
    for (;;) {
        wait();
        if (!begin_look()) break;
        // While the database is away, callers are told so at once and do not make us ask it again.
        if (pause_ == Milliseconds::zero() || SteadyClock::now() >= next_look_) {
            outcome = run_guarded([](PostgresFeed& feed) { return feed.look(); }, *this);
            // Whatever state a failure has left it in, the next look begins with a connection that it knows.
            if (!outcome.has_value()) connection_.reset();
            note(outcome);
        }
        end_look(outcome);
    }
    end_look(unavailable("The server is shutting down."));
}

// What comes while a look is under way waits for the next: that look says nothing of it.
bool PostgresFeed::begin_look() {
    const std::lock_guard lock(mutex_);
    served_.swap(waiting_);
    return !stopped_;
}

void PostgresFeed::end_look(const Result<void>& outcome) {
    std::vector<Caller> callers;
    {
        const std::lock_guard lock(mutex_);
        callers.swap(served_);
    }
    for (const auto& caller : callers) finish(caller.done, outcome);
}

void PostgresFeed::wait() {
    const bool listening = following_ && connection_ != nullptr;
    if (listening) {
        // What came with the last answers is in memory, where poll() does not see it.
        auto notified = connection_->take_notifications();
        if (!notified.has_value()) connection_.reset();
        if (!notified.has_value() || *notified) return;
    }
    std::array<pollfd, 2> reasons = {pollfd{wake_, POLLIN, 0}, pollfd{-1, POLLIN, 0}};
    if (listening) reasons[1].fd = connection_->socket();
    int time = -1;
    if (following_ || pause_ > Milliseconds::zero()) {
        const auto left = std::chrono::ceil<Milliseconds>(next_look_ - SteadyClock::now()).count();
        time = static_cast<int>(std::max<std::int64_t>(left, 0));
    }
    poll(reasons.data(), reasons.size(), time);
    eventfd_t ignored = 0;
    eventfd_read(wake_, &ignored);
    if (listening && !connection_->take_notifications().has_value()) connection_.reset();
}

void PostgresFeed::wake() const {
    eventfd_write(wake_, 1);
}

Result<void> PostgresFeed::look() {
    next_look_ = SteadyClock::now() + limits::feed_poll_interval;
    if (!connection_) TRY(reopen());
    const FeedNews news = TRY(feed_.poll(*connection_, clock_.now()));
    if (news.keys_changed) callbacks_.keys_changed();
    if (news.clients_changed) callbacks_.clients_changed();
    return {};
}

Result<void> PostgresFeed::reopen() {
    feed_.forget();
    auto opened = TRY(PostgresConnection::open(target_));
    if (following_) TRY(opened->execute_script(listen_sql));
    connection_ = std::move(opened);
    return {};
}

// Sets when to try again; logs when it begins and when it is over.
void PostgresFeed::note(const Result<void>& outcome) {
    const bool was_away = pause_ > Milliseconds::zero();
    if (outcome.has_value()) {
        if (was_away) log::info("feed_recovered");
        pause_ = Milliseconds::zero();
        return;
    }
    if (!was_away) log::error("feed_failed", {{"message", outcome.error().message}});
    pause_ = was_away ? std::min<Milliseconds>(2 * pause_, limits::postgres_reopen_time_longest)
                      : Milliseconds(limits::postgres_reopen_time);
    next_look_ = SteadyClock::now() + pause_;
}

}  // namespace postern::store

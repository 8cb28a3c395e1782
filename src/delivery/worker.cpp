#include "delivery/worker.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "core/audit.hpp"

namespace postern::delivery {
namespace {

using core::OutboxEntry;
using core::OutboxState;

// What the store may be waited for once the time to stop is over.
constexpr int last_writes = 3;

// Of other people's words, in the store and the log.
constexpr std::size_t longest_error = 500;

std::string event_of(const OutboxEntry& entry, std::string_view what) {
    return std::string(core::word(entry.kind)) + std::string(what);
}

void log_attempt(const OutboxEntry& entry, Outcome::Kind kind) {
    const std::string id = entry.id.text();
    if (kind == Outcome::Kind::sent) {
        log::info(event_of(entry, "_sent"), {{"id", id}, {"topic", entry.topic}, {"attempts", entry.attempts}});
    } else if (kind == Outcome::Kind::pointless) {
        log::info(event_of(entry, "_dropped"), {{"id", id}, {"topic", entry.topic}, {"reason", entry.last_error}});
    } else if (entry.state == OutboxState::failed) {
        log::error(event_of(entry, "_failed"),
                   {{"id", id}, {"topic", entry.topic}, {"attempts", entry.attempts}, {"error", entry.last_error}});
    } else {
        log::warning(event_of(entry, "_not_sent"),
                     {{"id", id}, {"topic", entry.topic}, {"attempts", entry.attempts}, {"error", entry.last_error}});
    }
}

}  // namespace

Milliseconds pause_after(std::int64_t attempts, Milliseconds first) {
    const Milliseconds longest = limits::delivery_retry_time_longest;
    Milliseconds pause = std::min(first, longest);
    for (std::int64_t i = 1; i < attempts && pause < longest; ++i) pause = std::min(pause * 2, longest);
    std::array<std::uint8_t, 2> random{};
    fill_random(random);
    const std::int64_t share = random[0] * 256 + random[1];  // of 65535
    return pause * 3 / 4 + pause * share / (2 * 65535);
}

Worker::Worker(WorkerOptions options, std::unique_ptr<Sender> sender, core::Store& store, const Clock& clock)
    : options_(options), sender_(std::move(sender)), store_(store), clock_(clock) {}

Worker::~Worker() {
    stop();
    if (thread_.joinable()) thread_.join();
}

void Worker::start() {
    thread_ = std::thread([this] { run(); });
}

void Worker::wake() noexcept {
    transfers_.wake();
}

void Worker::stop() noexcept {
    if (stopping_.exchange(true)) return;
    give_up_at_ = SteadyClock::now() + limits::delivery_stop_time;
    transfers_.wake();
}

WorkerFigures Worker::figures() const {
    const std::lock_guard lock(mutex_);
    return figures_;
}

bool Worker::is_time_over() const {
    return SteadyClock::now() >= give_up_at_.load();
}

void Worker::run() {
    while (!stopping_) {
        const Milliseconds pause = begin_what_is_due();
        finish(transfers_.run(pause));
    }
    while (transfers_.running() > 0 && !is_time_over()) finish(transfers_.run(limits::delivery_poll_interval / 10));
    give_back(transfers_.abandon());
    for (int i = 0; i < last_writes && !finished_.empty(); ++i) write_down();
    if (!finished_.empty()) log::error("outbox_not_written", {{"entries", finished_.size()}});
}

Milliseconds Worker::begin_what_is_due() {
    write_down();
    count();
    // What is not written down yet must not be taken for due again.
    const bool full = transfers_.running() >= options_.at_once;
    if (full || !finished_.empty()) return limits::delivery_poll_interval;
    std::vector<OutboxEntry> entries;
    const auto pause = claim(entries);
    if (!pause.has_value()) {
        if (!read_failed_) log::warning("outbox_not_read", {{"error", pause.error().message}});
        read_failed_ = true;
        return limits::delivery_poll_interval;
    }
    read_failed_ = false;
    for (OutboxEntry& entry : entries) begin(std::move(entry));
    write_down();
    return *pause;
}

Result<Milliseconds> Worker::claim(std::vector<OutboxEntry>& entries) {
    const Milliseconds interval = limits::delivery_poll_interval;
    const auto due = TRY(core::read_and_wait(
        store_, [this](core::Reader& reader) { return reader.find_next_outbox_due(options_.kind); }));
    if (!due.has_value()) return interval;
    const Timestamp now = clock_.now();
    const Timestamp latest = now - options_.patience;
    if (*due > latest) return std::min(interval, *due - latest);
    const std::size_t room = options_.at_once - transfers_.running();
    const Timestamp lease = now + options_.attempt_time + limits::delivery_lease_margin;
    entries = TRY(core::write_and_wait(store_, [&](core::Transaction& transaction) {
        return transaction.claim_outbox(options_.kind, latest, lease, room);
    }));
    // With the room filled, the next look comes when something has ended; otherwise there may be more.
    return entries.size() < room ? interval : Milliseconds::zero();
}

void Worker::begin(OutboxEntry entry) {
    Attempt attempt = sender_->begin(entry);
    if (auto* outcome = std::get_if<Outcome>(&attempt)) {
        finish(Delivery{std::move(entry), std::move(*outcome)});
        return;
    }
    auto& transfer = std::get<std::unique_ptr<Transfer>>(attempt);
    if (!transfer->is_usable()) {
        finish(Delivery{std::move(entry), {Outcome::Kind::retry, "libcurl lacks something that this needs"}});
        return;
    }
    transfer->is_given_up = [this] { return is_time_over(); };
    transfers_.start(std::move(entry), std::move(transfer));
}

void Worker::finish(std::vector<Delivery> deliveries) {
    for (Delivery& delivery : deliveries) finish(std::move(delivery));
    write_down();
}

void Worker::finish(Delivery delivery) {
    OutboxEntry& entry = delivery.entry;
    const Outcome::Kind kind = delivery.outcome.kind;
    const Timestamp now = clock_.now();
    entry.last_error = printable_ascii(delivery.outcome.error, longest_error);
    const bool given_up = kind == Outcome::Kind::retry && entry.attempts >= limits::delivery_attempts;
    if (kind == Outcome::Kind::retry && !given_up) {
        entry.due_at = now + (stopping_ ? Milliseconds::zero() : pause_after(entry.attempts, options_.retry_time));
    } else {
        entry.state = kind == Outcome::Kind::sent ? OutboxState::sent : OutboxState::failed;
        entry.finished_at = now;
    }
    log_attempt(entry, kind);
    {
        const std::lock_guard lock(mutex_);
        figures_.sent += entry.state == OutboxState::sent ? 1 : 0;
        figures_.retried += entry.state == OutboxState::pending ? 1 : 0;
        figures_.failed += entry.state == OutboxState::failed && kind != Outcome::Kind::pointless ? 1 : 0;
    }
    finished_.push_back({std::move(entry), kind == Outcome::Kind::pointless});
}

void Worker::write_down() {
    while (!finished_.empty()) {
        const auto written = write_down(finished_.front().entry, finished_.front().gone);
        if (!written.has_value()) {
            if (!write_failed_) log::warning("outbox_not_written", {{"error", written.error().message}});
            write_failed_ = true;
            return;
        }
        write_failed_ = false;
        finished_.erase(finished_.begin());
    }
}

Result<void> Worker::write_down(const OutboxEntry& entry, bool gone) {
    const Timestamp now = clock_.now();
    return core::write_and_wait(store_, [&](core::Transaction& transaction) -> Result<void> {
        if (gone) {
            TRY(transaction.delete_outbox(entry.id));
            return {};
        }
        // Deleted with its account meanwhile, or taken by another node after our lease: then theirs is the last word.
        const bool ours = TRY(transaction.update_outbox(entry, entry.attempts));
        if (!ours || entry.state != OutboxState::failed) return {};
        return core::record(transaction, event_of(entry, ".failed"), {"system", "", ""},
                            {.account = entry.account_id,
                             .session = std::nullopt,
                             .detail = entry.topic + " to " + entry.recipient + ": " + entry.last_error},
                            "given_up", now);
    });
}

void Worker::give_back(std::vector<OutboxEntry> entries) {
    for (OutboxEntry& entry : entries) {
        finish(Delivery{std::move(entry), {Outcome::Kind::retry, "The server stopped before the attempt had ended"}});
    }
}

void Worker::count() {
    if (SteadyClock::now() < next_count_) return;
    next_count_ = SteadyClock::now() + limits::outbox_count_interval;
    auto counted =
        core::read_and_wait(store_, [this](core::Reader& reader) { return reader.count_outbox(options_.kind); });
    if (!counted.has_value()) return;
    const std::lock_guard lock(mutex_);
    figures_.outbox = *counted;
}

}  // namespace postern::delivery

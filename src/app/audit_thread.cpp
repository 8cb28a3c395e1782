#include "app/audit_thread.hpp"

#include "base/encoding.hpp"
#include "base/id.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"

namespace postern::app {
namespace {

// Of failures in a row the first is told, and then one of so many: about one a minute.
constexpr std::int64_t told_failures = limits::audit_seal_lag / limits::audit_seal_interval;

}  // namespace

AuditThread::AuditThread(core::Store& store, const core::AuditSigner& signer, core::WebhookSettings webhooks,
                         const Clock& clock)
    : store_(store),
      signer_(signer),
      webhooks_(std::move(webhooks)),
      clock_(clock),
      node_(format_uuid(make_uuid_v7(clock.now()))),
      thread_([this] { run(); }) {}

AuditThread::~AuditThread() {
    {
        const std::lock_guard lock(mutex_);
        stops_ = true;
    }
    stopped_.notify_all();
    thread_.join();
}

AuditThread::Figures AuditThread::figures() const {
    return {.sealed = sealed_,
            .failures = failures_,
            .waiting = waiting_,
            .oldest_wait_seconds = std::chrono::duration<double>(Milliseconds(oldest_wait_ms_)).count()};
}

void AuditThread::run() {
    do {
        seal_what_waits();
    } while (!pause());
    seal_what_waits();
    if (leads_) give_up_lease();
}

void AuditThread::give_up_lease() {
    const auto stopped = core::write_and_wait(store_, [this](core::Transaction& transaction) {
        return core::stop_sealing(transaction, node_, clock_.now());
    });
    if (!stopped) report(stopped.error());  // then another waits until it has run out
}

bool AuditThread::pause() {
    std::unique_lock lock(mutex_);
    return stopped_.wait_for(lock, limits::audit_seal_interval, [this] { return stops_; });
}

// A full batch at a time, so that a stop need not wait for a long queue to be done.
void AuditThread::seal_what_waits() {
    for (;;) {
        const auto waits = look();
        if (!waits) return report(waits.error());
        if (!*waits) return;
        const auto outcome = seal();
        if (!outcome) return report(outcome.error());
        report(*outcome);
        if (!outcome->more) return;
        const std::lock_guard lock(mutex_);
        if (stops_) return;
    }
}

// Reading first: an idle server writes nothing, and a node without the lease little.
Result<bool> AuditThread::look() {
    const auto waiting = TRY(core::read_and_wait(store_, [](core::Reader& reader) {
        return reader.list_unsealed_audit(std::nullopt, limits::audit_seal_records);
    }));
    waiting_ = static_cast<std::int64_t>(waiting.size());
    oldest_wait_ms_ = waiting.empty() ? 0 : std::max<std::int64_t>(0, (clock_.now() - waiting.front().at).count());
    return !waiting.empty();
}

Result<core::SealOutcome> AuditThread::seal() {
    return core::write_and_wait(store_, [this](core::Transaction& transaction) {
        return core::seal_next_records(transaction, signer_, webhooks_, node_, clock_.now());
    });
}

void AuditThread::report(const core::SealOutcome& outcome) {
    failures_in_a_row_ = 0;
    leads_ = outcome.leads;
    if (!leads_) return;
    const auto sealed = static_cast<std::int64_t>(outcome.sealed);
    sealed_ += sealed;
    if (!outcome.more) waiting_ = 0;
    if (!outcome.more) oldest_wait_ms_ = 0;
    if (outcome.began_anew) {
        log::error("audit_trail_broken",
                   {{"sequence", outcome.checkpoint ? outcome.checkpoint->sequence : 0},
                    {"advice", "The end of the trail was changed in the database; run: postern audit verify"}});
    }
    // A copy outside the database: whoever rewrites the trail cannot rewrite the log of yesterday.
    if (outcome.checkpoint) {
        const core::AuditCheckpoint& checkpoint = *outcome.checkpoint;
        const bool is_kept = checkpoint.sequence % limits::audit_checkpoint_records == 0;
        log::write(is_kept ? log::Level::info : log::Level::debug, "audit_checkpoint",
                   {{"sequence", checkpoint.sequence}, {"chain", encode_hex(checkpoint.chain)}});
    }
}

void AuditThread::report(const Error& error) {
    ++failures_;
    if (failures_in_a_row_++ % told_failures == 0) log::error("audit_not_sealed", {{"error", error.message}});
}

void add_audit_metrics(http::Metrics& metrics, const AuditThread& thread) {
    metrics.add_collector([&thread]() -> std::vector<http::Sample> {
        const AuditThread::Figures figures = thread.figures();
        const auto number = [](std::int64_t value) { return static_cast<double>(value); };
        return {
            {"postern_audit_unsealed", "Audit records that wait to be sealed, counted up to a batch",
             number(figures.waiting)},
            {"postern_audit_unsealed_seconds", "How long the oldest of them has waited", figures.oldest_wait_seconds},
            {"postern_audit_sealed_total", "Audit records that this node has sealed", number(figures.sealed),
             http::Sample::Kind::counter},
            {"postern_audit_seal_failures_total", "Attempts to seal that failed", number(figures.failures),
             http::Sample::Kind::counter}};
    });
}

}  // namespace postern::app

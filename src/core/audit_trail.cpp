#include "core/audit_trail.hpp"

#include <limits>
#include <string>

#include "base/limits.hpp"
#include "base/time_text.hpp"

namespace postern::core {
namespace {

constexpr std::size_t page_records = limits::audit_seal_records;

// Checkpoints in order of sequence, a page in memory at a time.
class Checkpoints {
public:
    explicit Checkpoints(Reader& reader) : reader_(reader) {}

    // The next one up to `sequence`; nothing when it is beyond that, or there is none.
    Result<std::optional<AuditCheckpoint>> next_up_to(std::int64_t sequence) {
        if (place_ == page_.size() && !ended_) {
            page_ = TRY(reader_.list_audit_checkpoints(from_, page_records));
            place_ = 0;
            ended_ = page_.size() < page_records;
        }
        if (place_ == page_.size() || page_[place_].sequence > sequence) return std::optional<AuditCheckpoint>();
        from_ = page_[place_].sequence + 1;
        return std::optional(page_[place_++]);
    }

private:
    Reader& reader_;
    std::vector<AuditCheckpoint> page_;
    std::size_t place_ = 0;
    std::int64_t from_ = 0;
    bool ended_ = false;
};

Result<bool> visit_checkpoints(Checkpoints& checkpoints, std::int64_t up_to, const TrailVisitor& visitor) {
    for (;;) {
        const auto checkpoint = TRY(checkpoints.next_up_to(up_to));
        if (!checkpoint) return true;
        const bool go_on = TRY(visitor.checkpoint(*checkpoint));
        if (!go_on) return false;
    }
}

Result<bool> visit_sealed(Reader& reader, Checkpoints& checkpoints, const TrailVisitor& visitor) {
    std::int64_t from = 0;
    for (;;) {
        const auto page = TRY(reader.list_sealed_audit(from, page_records));
        for (const AuditRecord& record : page) {
            const bool go_on =
                TRY(visit_checkpoints(checkpoints, *record.sequence - 1, visitor)) && TRY(visitor.record(record));
            if (!go_on) return false;
        }
        if (page.size() < page_records) return true;
        from = *page.back().sequence + 1;
    }
}

}  // namespace

Result<void> visit_trail(Reader& reader, const TrailVisitor& visitor) {
    Checkpoints checkpoints(reader);
    const bool go_on = TRY(visit_sealed(reader, checkpoints, visitor)) &&
                       TRY(visit_checkpoints(checkpoints, std::numeric_limits<std::int64_t>::max(), visitor));
    if (!go_on) return {};
    std::optional<AuditId> after;
    for (;;) {
        const auto page = TRY(reader.list_unsealed_audit(after, page_records));
        for (const AuditRecord& record : page) {
            const bool more = TRY(visitor.record(record));
            if (!more) return {};
        }
        if (page.size() < page_records) return {};
        after = page.back().id;
    }
}

Result<TrailReport> verify_trail(Reader& reader, const AuditVerifier& verifier,
                                 std::optional<Timestamp> removable_before) {
    TrailVerifier trail(&verifier, removable_before);
    TRY(visit_trail(reader, {.record = [&](const AuditRecord& record) -> Result<bool> {
                                 trail.add(record);
                                 return !trail.has_breach();
                             },
                             .checkpoint = [&](const AuditCheckpoint& checkpoint) -> Result<bool> {
                                 trail.add(checkpoint);
                                 return !trail.has_breach();
                             }}));
    return trail.finish();
}

Result<Finding> diagnose_trail(Reader& reader, Timestamp now) {
    const auto last = TRY(reader.find_last_audit_checkpoint());
    const std::string sealed = last ? "The audit trail is sealed up to record " + std::to_string(last->sequence) +
                                          ", at " + write_time(last->at)
                                    : "No audit record is sealed yet";
    const auto waiting = TRY(reader.list_unsealed_audit(std::nullopt, 1));
    if (waiting.empty() || now - waiting.front().at < limits::audit_seal_lag) {
        return Finding{Severity::ok, "audit", sealed, ""};
    }
    return Finding{Severity::warning, "audit",
                   sealed + "; the oldest record that is not was written at " + write_time(waiting.front().at),
                   "Run the server, which seals them; if it runs, look for audit_not_sealed in its log"};
}

}  // namespace postern::core

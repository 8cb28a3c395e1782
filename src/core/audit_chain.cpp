#include "core/audit_chain.hpp"

#include <array>

#include "base/digest.hpp"
#include "base/time_text.hpp"

namespace postern::core {
namespace {

constexpr std::size_t number_bytes = 8;

// Fields behind their lengths, so that no two lists of fields make the same text.
class FieldText {
public:
    explicit FieldText(std::string_view domain) { add(domain); }

    FieldText& add(std::string_view field) {
        append(static_cast<std::uint64_t>(field.size()));
        text_ += field;
        return *this;
    }
    FieldText& add(const std::vector<std::uint8_t>& field) {
        return add(std::string_view(reinterpret_cast<const char*>(field.data()), field.size()));
    }
    FieldText& add(std::int64_t number) {
        append(number_bytes);
        append(static_cast<std::uint64_t>(number));
        return *this;
    }
    template <typename Tag>
    FieldText& add(const Id<Tag>& id) {
        return add(std::string_view(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()));
    }
    template <typename Tag>
    FieldText& add(const std::optional<Id<Tag>>& id) {
        return id ? add(*id) : add(std::string_view());
    }

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] ChainValue hash() const {
        const Digest value = digest(text_);
        return {value.begin(), value.end()};
    }

private:
    void append(std::uint64_t number) {
        for (std::size_t shift = number_bytes * 8; shift > 0; shift -= 8) {
            text_ += static_cast<char>(static_cast<unsigned char>(number >> (shift - 8)));
        }
    }

    std::string text_;
};

std::string canonical_form(const AuditRecord& record) {
    return FieldText("postern audit record 1")
        .add(record.sequence.value_or(0))
        .add(record.id)
        .add(to_milliseconds(record.at))
        .add(record.event)
        .add(record.actor)
        .add(record.account_id)
        .add(record.session_id)
        .add(record.outcome)
        .add(record.count)
        .add(record.personal_digest)
        .text();
}

bool has_personal_fields(const AuditRecord& record) {
    return !record.address.empty() || !record.user_agent.empty() || !record.detail.empty();
}

std::string range(std::int64_t first, std::int64_t last) {
    if (first == last) return "Record " + std::to_string(first) + " is";
    return "Records " + std::to_string(first) + " to " + std::to_string(last) + " are";
}

}  // namespace

ChainValue personal_digest_of(const AuditRecord& record) {
    return FieldText("postern audit personal 1")
        .add(record.salt)
        .add(record.address)
        .add(record.user_agent)
        .add(record.detail)
        .hash();
}

ChainValue chain_start() {
    return FieldText("postern audit chain 1").hash();
}

ChainValue chain_after(const ChainValue& previous, const AuditRecord& record) {
    return FieldText("postern audit link 1").add(previous).add(canonical_form(record)).hash();
}

std::vector<std::uint8_t> signed_text(const AuditCheckpoint& checkpoint) {
    const auto fields = FieldText("postern audit checkpoint 1")
                            .add(checkpoint.sequence)
                            .add(checkpoint.chain)
                            .add(to_milliseconds(checkpoint.at));
    return {fields.text().begin(), fields.text().end()};
}

bool is_erased(const AuditRecord& record) {
    return record.salt.empty() && !has_personal_fields(record) && !record.personal_digest.empty();
}

std::string_view word(BreachKind kind) {
    switch (kind) {
        case BreachKind::changed: return "changed";
        case BreachKind::missing: return "missing";
        case BreachKind::out_of_order: return "out_of_order";
        case BreachKind::personal_fields: return "personal_fields";
        case BreachKind::checkpoint: return "checkpoint";
        case BreachKind::not_covered: return "not_covered";
        case BreachKind::beginning: return "beginning";
    }
    return "";
}

void TrailVerifier::found(BreachKind kind, std::int64_t sequence, std::string message, const AuditRecord* record) {
    if (report_.breach) return;
    report_.breach = {.kind = kind,
                      .sequence = sequence,
                      .id = record == nullptr ? std::nullopt : std::optional(record->id),
                      .message = std::move(message)};
}

// At the first sealed record: what came before it is a checkpoint, or nothing.
void TrailVerifier::begin() {
    if (begun_) return;
    begun_ = true;
    if (!report_.begins_after) {
        chain_ = chain_start();
        return;
    }
    const AuditCheckpoint& start = *report_.begins_after;
    if (removable_before_ && start.at >= *removable_before_) {
        found(BreachKind::beginning, 1,
              "Records up to " + std::to_string(start.sequence) + " are gone, though they were sealed at " +
                  write_time(start.at) + " at the latest and are to be kept since " + write_time(*removable_before_));
    }
}

bool TrailVerifier::follows(const AuditRecord& record) {
    const std::int64_t sequence = *record.sequence;
    const std::int64_t wanted = last_ + 1;
    if (sequence == wanted) return true;
    if (sequence < wanted) {
        found(BreachKind::out_of_order, wanted,
              "Record " + std::to_string(sequence) + " stands where " + std::to_string(wanted) + " belongs", &record);
    } else if (last_ == 0) {
        found(BreachKind::beginning, wanted,
              range(wanted, sequence - 1) + " missing: the trail begins at " + std::to_string(sequence) +
                  " without a checkpoint to begin from");
    } else {
        found(BreachKind::missing, wanted, range(wanted, sequence - 1) + " missing");
    }
    return false;
}

void TrailVerifier::check_personal_fields(const AuditRecord& record) {
    if (record.personal_digest.empty()) {
        ++report_.unprotected;
    } else if (is_erased(record)) {
        ++report_.erased;
    } else if (personal_digest_of(record) != record.personal_digest) {
        found(BreachKind::personal_fields, record.sequence.value_or(0),
              "The address, user agent or detail of this record is not what was recorded", &record);
    }
}

void TrailVerifier::add(const AuditRecord& record) {
    if (has_breach()) return;
    if (!record.sequence) {
        ++report_.unsealed;
        check_personal_fields(record);
        return;
    }
    begin();
    if (has_breach() || !follows(record)) return;
    const std::int64_t sequence = *record.sequence;
    chain_ = chain_after(chain_, record);
    if (chain_ != record.chain) {
        found(BreachKind::changed, sequence, "Record " + std::to_string(sequence) + " is not what was sealed", &record);
        return;
    }
    check_personal_fields(record);
    if (report_.records == 0) report_.first = sequence;
    ++report_.records;
    last_ = sequence;
    report_.last = sequence;
}

void TrailVerifier::add(const AuditCheckpoint& checkpoint) {
    if (has_breach()) return;
    if (verifier_ != nullptr &&
        !verifier_->verify_audit(signed_text(checkpoint), {checkpoint.kid, checkpoint.signature})) {
        found(BreachKind::checkpoint, checkpoint.sequence,
              "The signature of the checkpoint at " + std::to_string(checkpoint.sequence) +
                  " does not fit, or its key " + checkpoint.kid + " is not known");
        return;
    }
    check_place(checkpoint);
    if (has_breach()) return;
    ++report_.checkpoints;
    report_.proven = checkpoint.sequence;
}

void TrailVerifier::check_place(const AuditCheckpoint& checkpoint) {
    const std::string name = "checkpoint at " + std::to_string(checkpoint.sequence);
    if (!begun_ && !report_.begins_after) {
        // Retention cuts up to a checkpoint, and leaves none before it.
        report_.begins_after = checkpoint;
        last_ = checkpoint.sequence;
        chain_ = checkpoint.chain;
    } else if (checkpoint.sequence > last_) {
        found(BreachKind::missing, last_ + 1, range(last_ + 1, checkpoint.sequence) + " missing");
    } else if (checkpoint.sequence < last_) {
        found(BreachKind::out_of_order, checkpoint.sequence, "The " + name + " stands behind a later record");
    } else if (checkpoint.chain != chain_) {
        found(BreachKind::checkpoint, report_.proven + 1,
              range(report_.proven + 1, last_) + " not what the " + name + " was made of");
    }
}

TrailReport TrailVerifier::finish() {
    begin();
    if (report_.last > report_.proven) {
        found(BreachKind::not_covered, report_.proven + 1,
              range(report_.proven + 1, report_.last) + " sealed, but no checkpoint covers " +
                  (report_.last == report_.proven + 1 ? "it" : "them"));
    }
    return report_;
}

}  // namespace postern::core

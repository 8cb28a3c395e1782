// The chain that makes the audit trail provable: each record's value covers the one before, and checkpoints sign it.
//
// Everything is BLAKE2b-256 (RFC 7693) over fields, each behind its length in 8 bytes, big-endian; numbers are 8 bytes,
// big-endian, ids 16 bytes, absent ids empty. The first field names what is hashed, so that no text is another's.
//
//   personal digest   "postern audit personal 1", salt, address, user_agent, detail
//   canonical form    "postern audit record 1", sequence, id, at, event, actor, account_id, session_id, outcome, count,
//                     personal digest
//   chain value 0     the hash of "postern audit chain 1"
//   chain value n     the hash of "postern audit link 1", chain value n - 1, the canonical form of record n
//   what is signed    "postern audit checkpoint 1", sequence, chain value, at
//
// Personal fields are in the chain as their digest alone: erasing them, and their salt, leaves the chain as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/records.hpp"
#include "core/secrets.hpp"

namespace postern::core {

using ChainValue = std::vector<std::uint8_t>;  // 32 bytes

ChainValue personal_digest_of(const AuditRecord& record);
ChainValue chain_start();
// `record` has its sequence; its own chain value is not looked at.
ChainValue chain_after(const ChainValue& previous, const AuditRecord& record);
// What the signature of a checkpoint is over.
std::vector<std::uint8_t> signed_text(const AuditCheckpoint& checkpoint);

// The personal fields and their salt are gone, and nothing of them is left.
bool is_erased(const AuditRecord& record);

enum class BreachKind {
    changed,          // a record is not what was sealed
    missing,          // records between two others, or at the end, are gone
    out_of_order,     // a record or checkpoint stands behind a later one
    personal_fields,  // address, user_agent or detail are neither as recorded nor erased
    checkpoint,       // a checkpoint's signature or value does not fit
    not_covered,      // sealed records that no checkpoint covers
    beginning,        // records at the beginning are gone, other than by retention
};
std::string_view word(BreachKind kind);

// The first thing that is wrong with a trail.
struct Breach {
    BreachKind kind = BreachKind::changed;
    std::int64_t sequence = 0;  // the place of the first record concerned; 0 for one that was not sealed
    std::optional<AuditId> id;  // of that record, where it is there
    std::string message;
};

struct TrailReport {
    std::optional<Breach> breach;
    std::int64_t records = 0;  // sealed ones that were looked at
    std::int64_t first = 0;    // sequence of the first of them; 0 without any
    std::int64_t last = 0;
    std::int64_t checkpoints = 0;
    std::int64_t proven = 0;       // everything up to this sequence is as it was sealed
    std::int64_t erased = 0;       // records whose personal fields were erased
    std::int64_t unprotected = 0;  // records of a version that made no digests: their personal fields prove nothing
    std::int64_t unsealed = 0;
    std::optional<AuditCheckpoint> begins_after;  // where retention has cut; nothing for a trail from record 1
};

// Looks at a trail that is handed over piece by piece, in constant memory: records in order of sequence, each
// checkpoint right after the record that it covers, that of the records which retention removed first; unsealed records
// anywhere. Stops looking at the first breach.
class TrailVerifier {
public:
    // Without a verifier, signatures are not checked. `removable_before`: records of the time before that may have been
    // removed from the beginning; without it, any may. `verifier` must outlive this.
    explicit TrailVerifier(const AuditVerifier* verifier, std::optional<Timestamp> removable_before = std::nullopt)
        : verifier_(verifier), removable_before_(removable_before) {}

    void add(const AuditRecord& record);
    void add(const AuditCheckpoint& checkpoint);
    // After the last piece.
    TrailReport finish();
    [[nodiscard]] bool has_breach() const { return report_.breach.has_value(); }

private:
    void begin();
    bool follows(const AuditRecord& record);
    void check_personal_fields(const AuditRecord& record);
    void check_place(const AuditCheckpoint& checkpoint);
    void found(BreachKind kind, std::int64_t sequence, std::string message, const AuditRecord* record = nullptr);

    const AuditVerifier* verifier_;
    std::optional<Timestamp> removable_before_;
    TrailReport report_;
    bool begun_ = false;
    std::int64_t last_ = 0;  // the sequence that was reached
    ChainValue chain_;
};

}  // namespace postern::core

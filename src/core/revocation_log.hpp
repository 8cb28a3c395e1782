// What has changed about the revocations, in order, for those who follow it: one bounded memory for all readers, each
// of whom keeps no more than its position in it.
//
// A bit is in the lists before it is in here. So whoever takes a position, then the lists, and then what comes after
// the position, misses nothing; what it sees twice changes nothing.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "core/store.hpp"

namespace postern::core {

// How many changes have been before.
using RevocationPosition = std::uint64_t;

struct RevocationLogEntry {
    enum class Kind : std::uint8_t { list_opened, slot_revoked, list_revoked, keys_changed };
    Kind kind = Kind::slot_revoked;
    std::uint32_t slot = 0;  // with slot_revoked
    ListId list;             // with all but keys_changed
    Timestamp expires_at;    // with list_opened
};

// Thread-safe.
class RevocationLog {
public:
    // Remembers the last `entries` changes; a change of several bits counts as many.
    explicit RevocationLog(std::size_t entries = limits::revocation_log_entries);

    void append(const RevocationChange& change);
    void append_keys_changed();  // the JWK set is another one now

    [[nodiscard]] RevocationPosition position() const;
    // Puts up to `most` of what came after `position` in `entries`, in place of what was there. False: some of it has
    // been forgotten.
    [[nodiscard]] bool read_after(RevocationPosition position, std::size_t most,
                                  std::vector<RevocationLogEntry>& entries) const;

    // A position as text. It means something to this log alone: to no other node, and not after a restart.
    [[nodiscard]] std::string text_of(RevocationPosition position) const;
    // Nothing: it is not of this log, or from the future.
    [[nodiscard]] std::optional<RevocationPosition> parse(std::string_view text) const;

private:
    void push(const RevocationLogEntry& entry);

    const std::size_t most_;
    const std::string epoch_;  // random

    mutable std::mutex mutex_;
    std::vector<RevocationLogEntry> ring_;  // the change at position n is in place n modulo most_
    RevocationPosition position_ = 0;
};

}  // namespace postern::core

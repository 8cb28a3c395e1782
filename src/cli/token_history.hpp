// Why something about a token came to an end: the reason in words, and by whom, from the audit record of the same
// transaction. Inside this room only.
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/claims.hpp"
#include "core/store.hpp"

namespace postern::cli {

// What happened when, and why: a RevocationReason's word.
struct Ending {
    Timestamp at;
    std::string reason;
};

// "at <time>, because of <reason> (<in words>), by <actor> (<who that is>)". Without the actor where the record is gone
// already. `account` and `session` are those of the token; a client's own token has its client's id in both.
Result<std::string> describe_ending(core::Reader& reader, const Ending& ending, const core::AccountId& account,
                                    const core::SessionId& session);

// The same for a revoked key.
Result<std::string> describe_key_ending(core::Reader& reader, const core::StoredKey& key);

}  // namespace postern::cli

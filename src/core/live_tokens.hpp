// How many access tokens of one session, or of one client, may be alive at a time: whoever is to be shut out must not
// have more of them than one transaction revokes.
//
// Issuances are numbered without a gap, so it takes no counting: the next one may be made once the token that was made
// `most` issuances before it has expired. Revoked ones count until then too.
#pragma once

#include "base/result.hpp"
#include "core/store.hpp"

namespace postern::core {

// `counter`: of the token that is to be issued, by a caller who holds, or is about to move on from the one before, the
// row that numbers them. Errors: throttled "too_many_tokens".
Result<void> check_live_tokens(Reader& reader, const SessionId& id, std::int64_t counter, std::int64_t most,
                               Timestamp now);

}  // namespace postern::core

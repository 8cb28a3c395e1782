// Backups as the rules see them: what is noted when one is made, and what a database must forget that is put back.
//
// A restored database knows nothing of what was revoked after its backup: a token that a stranger was cut off from
// would live again. So every key that signs tokens or status lists is revoked, with the lists of its tokens, and new
// ones take over; nothing that was ever signed before is believed, here or by whoever asks for the keys. Whoever was
// signed in logs in again.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/diagnosis.hpp"
#include "core/key_rotation.hpp"

namespace postern::core {

// Notes in the store that a backup of it was made. `place`: where to, for the audit trail.
Result<void> record_backup(Transaction& transaction, std::string_view place, const Actor& actor, Timestamp now);

// Warns when no backup was noted for limits::backup_age.
Result<Finding> diagnose_backups(Reader& reader, Timestamp now);

struct RestoredFrom {
    Timestamp made_at;
    std::string place;
    // Refresh tokens of the backup's time stay good, and mailed links too: what ended them since is not known.
    bool keep_sessions = false;
};

struct RestoreEffects {
    std::size_t keys_replaced = 0;
    std::size_t sessions_ended = 0;
    std::size_t links_voided = 0;
};

// Ends what was trusted before, in a database that nobody serves yet. A store without keys has issued nothing, and is
// left as it is. Errors: conflict "master_key_wrong".
Result<RestoreEffects> end_trust_of_backup(Transaction& transaction, const KeyVault& vault,
                                           const RotationPolicy& policy, const RestoredFrom& from, const Actor& actor,
                                           Timestamp now);

}  // namespace postern::core

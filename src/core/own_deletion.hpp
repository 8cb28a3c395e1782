// Leaving: the holder deletes the account, with the password. What is personal in the audit trail goes with it; that it
// happened, and the chain, stay.
#pragma once

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/own_account.hpp"

namespace postern::core {

// The notice goes to the address that the account had. Errors: those of get_confirmed_account(); conflict "last_admin"
// for the last active administrator; conflict "retry".
Result<void> delete_own_account(Transaction& transaction, const Reauthenticated& who, const Actor& actor,
                                Timestamp now);

}  // namespace postern::core

// A new password in place of one that is known. The session that changes it lives on with its tokens; every other
// session ends, and so does every link that was mailed before: whoever made the holder change it may have asked for
// one.
#pragma once

#include "base/result.hpp"
#include "core/audit.hpp"
#include "core/new_password.hpp"
#include "core/own_account.hpp"

namespace postern::core {

// Errors: those of get_confirmed_account(); conflict "retry".
Result<Account> change_password(Transaction& transaction, const Reauthenticated& who, const NewPassword& password,
                                const Actor& actor, Timestamp now);

}  // namespace postern::core

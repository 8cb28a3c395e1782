// An administrator's invitation: its link activates the account and lets the holder choose the password.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "core/account_policy.hpp"
#include "core/audit.hpp"
#include "core/mailed_link.hpp"
#include "core/new_password.hpp"

namespace postern::core {

// Mails the link; an earlier invitation dies. The account's password, if it has one, goes on working until then.
// Errors: unavailable "mail_unavailable"; conflict "account_disabled".
Result<void> invite_account(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                            const AccountPolicy& policy, const Actor& actor, Timestamp now);

// Activates the account, proves its address, sets the password; like a reset it kills everything set up before.
// A disabled account stays disabled. Errors: invalid_input "invalid_link"; conflict "retry".
Result<Account> accept_invitation(Transaction& transaction, std::string_view token, const NewPassword& password,
                                  const Actor& actor, Timestamp now);

}  // namespace postern::core

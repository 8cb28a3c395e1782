// Another address for an account: asked for with the password, confirmed by a link mailed to the new address, and told
// to the old one both times.
//
// Whoever asks must not learn whether the new address is somebody's: the answer, the notice to the old address and the
// time are the same. An unconfirmed sign-up at the new address is nobody's, and gives way to whoever proves the
// mailbox.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "core/account_policy.hpp"
#include "core/mailed_link.hpp"
#include "core/own_account.hpp"

namespace postern::core {

// Where the new address is somebody else's, that one is told and nothing else happens.
// Errors: unavailable "mail_unavailable"; invalid_input "email_unchanged"; those of get_confirmed_account().
Result<void> request_email_change(Transaction& transaction, const SecretDeriver& secrets, const Reauthenticated& who,
                                  const EmailAddress& wanted, const AccountPolicy& policy, const Actor& actor,
                                  Timestamp now);

// The address is the account's name: every session that was set up under the old one ends, and every other link dies.
// Errors: invalid_input "invalid_link", also when the account has been disabled; conflict "email_taken", when somebody
// has got an account with the address meanwhile (the holder of the link holds that mailbox, so this tells nothing new);
// conflict "retry".
Result<Account> confirm_email_change(Transaction& transaction, std::string_view token, const Actor& actor,
                                     Timestamp now);

}  // namespace postern::core

// A forgotten password: a link is mailed, and whoever holds the mailbox chooses a new one.
//
// A reset kills everything that was set up before it: the password, every session and token, every mailed link, and the
// count of failed logins. It proves the address. It does not lift what an administrator decided: a disabled account
// stays disabled, and a standard account that nobody has activated stays so, unless an invitation to it is pending;
// that counts as accepted, since the administrator had decided and the mailbox is proven.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "core/account_policy.hpp"
#include "core/audit.hpp"
#include "core/mailed_link.hpp"
#include "core/new_password.hpp"

namespace postern::core {

// At a stranger's wish: the same to them, whatever becomes of it. An account that is not disabled is mailed a link, and
// earlier ones die; when it has had its mails already, nothing changes.
// Errors: unavailable "mail_unavailable", before anything that depends on the address.
Result<void> request_password_reset(Transaction& transaction, const SecretDeriver& secrets, const EmailAddress& email,
                                    const AccountPolicy& policy, const Actor& actor, Timestamp now);

// At an administrator's wish. The password that it has goes on working until the link is used.
// Errors: unavailable "mail_unavailable"; conflict "account_disabled"; throttled "mail_limit".
Result<void> start_password_reset(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                                  const AccountPolicy& policy, const Actor& actor, Timestamp now);

// Errors: invalid_input "invalid_link"; conflict "retry".
Result<Account> reset_password(Transaction& transaction, std::string_view token, const NewPassword& password,
                               const Actor& actor, Timestamp now);

// What a password that came by a mailed link does to everything before it: sessions, tokens, links and failures go, the
// holder gets a notice, and `event` goes into the audit trail. After the account was saved.
Result<void> start_over(Transaction& transaction, const Account& account, std::string_view event, const Actor& actor,
                        Timestamp now);

}  // namespace postern::core

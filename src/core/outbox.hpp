// What leaves the house is written with its cause, in the same transaction, and sent afterwards by the worker of
// src/delivery. A request never waits for a mail server.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/mail_tokens.hpp"
#include "core/store.hpp"

namespace postern::core {

// The templates; see docs/mail.md. A mail with a link carries the token of its purpose.
enum class MailTemplate {
    verify_email,            // link: verify_email
    already_registered,      // a sign-up over an account that exists: tells its holder, changes nothing
    reset_password,          // link: reset_password
    invitation,              // link: accept_invitation
    change_email,            // link: change_email; to the new address
    email_change_requested,  // notice to the old address
    email_changed,           // notice to the old address
    password_changed,        // notice
    account_deleted,         // notice
};
std::string_view word(MailTemplate mail);
std::optional<MailTemplate> parse_mail_template(std::string_view word);

// Whether a mail of this kind to the account would be queued now: a stranger must not be able to fill somebody's inbox,
// so what a stranger can cause is limited to limits::mails_per_account in limits::mails_period. Notices of what has
// happened and an administrator's invitations always go; otherwise a thief could use the limit up to keep them away.
Result<bool> may_mail(Reader& reader, MailTemplate mail, const AccountId& account, Timestamp now);
// For who may know of it. Errors: throttled "mail_limit".
Error mail_limit_reached(const Account& account);

// Queues a mail to `account` at `recipient` (an address as given) with the link of `token`, if any. `variables` are
// shown in the template beside those that every mail has: service_name, name, link, address.
// The name is left out until the address is proven: who signed up with somebody else's chose it.
// A mail that may_mail() does not let through is left out. Says whether it was queued.
Result<bool> queue_mail(Transaction& transaction, MailTemplate mail, const Account& account, std::string_view recipient,
                        const MailToken* token, const std::map<std::string, std::string>& variables, Timestamp now);

}  // namespace postern::core

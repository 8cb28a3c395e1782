// Signing up: a demo account that may log in once its holder has proven the address.
//
// Whatever is known of an address, the one who signs up learns nothing of it; the one who holds the mailbox does:
//
//   the address is             | becomes of it                                                | is mailed
//   unknown                    | a demo account, unverified                                   | verify_email
//   a sign-up never verified   | its password and names are replaced, its earlier link dies   | verify_email
//   anything else              | nothing                                                      | already_registered
//
// A verification link confirms only the sign-up it was mailed for: a repeated one deletes its token.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/account_policy.hpp"
#include "core/audit.hpp"
#include "core/mailed_link.hpp"
#include "core/new_password.hpp"
#include "core/profile.hpp"

namespace postern::core {

struct SignUp {
    EmailAddress email;
    NewPassword password;
    Profile profile;
};

// Asked before anything that depends on the address. Errors: forbidden "sign_up_closed"; unavailable
// "mail_unavailable".
Result<void> check_sign_up_open(const AccountPolicy& policy);

// Errors: those of check_sign_up_open(); conflict "retry".
Result<void> sign_up(Transaction& transaction, const SecretDeriver& secrets, const SignUp& wanted,
                     const AccountPolicy& policy, const Actor& actor, Timestamp now);

// Mails an account whose address is not proven a new link; the earlier one dies. The same to a stranger, whatever
// becomes of it. Errors: unavailable "mail_unavailable".
Result<void> resend_verification(Transaction& transaction, const SecretDeriver& secrets, const EmailAddress& email,
                                 const AccountPolicy& policy, const Actor& actor, Timestamp now);

// The address is proven; a demo account may log in from now on. A disabled account stays disabled.
// Errors: invalid_input "invalid_link"; conflict "retry".
Result<Account> verify_email(Transaction& transaction, std::string_view token, const Actor& actor, Timestamp now);

// A sign-up that nobody has confirmed yet: no one's account, so that the next to sign up may take it over. What an
// administrator gave rights to is not among them.
bool is_unconfirmed_sign_up(const Account& account);

// The end of one that nobody confirmed: unchanged since before `before`, and no link left that could confirm it. Its
// account goes, with what is personal in its records. False: it is not, or no longer, one of those.
Result<bool> expire_sign_up(Transaction& transaction, const AccountId& id, Timestamp before, Timestamp now);

}  // namespace postern::core

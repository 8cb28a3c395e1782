#include "core/invitation.hpp"

#include "core/outbox.hpp"
#include "core/password_reset.hpp"

namespace postern::core {

Result<void> invite_account(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                            const AccountPolicy& policy, const Actor& actor, Timestamp now) {
    TRY(check_mail_works(policy));
    if (account.disabled_at.has_value()) {
        return conflict("account_disabled", account.email + " is disabled; enable it first");
    }
    const MailToken token = TRY(issue_mail_token(transaction, secrets, account, MailPurpose::accept_invitation,
                                                 {account.email_key, account.email}, policy.invitation_link_life, now));
    TRY(queue_mail(transaction, MailTemplate::invitation, account, account.email, &token, {}, now));
    return record(transaction, "account.invited", actor, {account.id, {}, account.email}, "success", now);
}

Result<Account> accept_invitation(Transaction& transaction, std::string_view token, const NewPassword& password,
                                  const Actor& actor, Timestamp now) {
    auto [link, account] = TRY(open_mailed_link(transaction, token, MailPurpose::accept_invitation, now));
    set_new_password(account, password);
    if (!account.activated_at.has_value()) account.activated_at = now;
    if (!account.email_verified_at.has_value()) account.email_verified_at = now;
    account = TRY(use_mailed_link(transaction, token, MailPurpose::accept_invitation, std::move(account), now));
    TRY(start_over(transaction, account, "account.invitation_accepted", actor, now));
    return account;
}

}  // namespace postern::core

#include "core/password_reset.hpp"

#include <algorithm>

#include "core/accounts.hpp"
#include "core/outbox.hpp"
#include "core/revocation.hpp"
#include "core/throttle.hpp"

namespace postern::core {
namespace {

constexpr std::string_view requested = "account.password_reset_requested";

// False: the account has had its mails, and what it was sent before goes on working.
Result<bool> mail_reset_link(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                             const AccountPolicy& policy, Timestamp now) {
    if (!TRY(may_mail(transaction, MailTemplate::reset_password, account.id, now))) return false;
    const MailToken token = TRY(issue_mail_token(transaction, secrets, account, MailPurpose::reset_password,
                                                 {account.email_key, account.email}, policy.reset_link_life, now));
    return queue_mail(transaction, MailTemplate::reset_password, account, account.email, &token, {}, now);
}

Result<bool> has_live_invitation(Reader& reader, const Account& account, Timestamp now) {
    const auto tokens = TRY(reader.list_mail_tokens(account.id));
    return std::ranges::any_of(tokens, [&](const MailToken& token) {
        return token.purpose == MailPurpose::accept_invitation && token.email_key == account.email_key &&
               token.expires_at > now;
    });
}

}  // namespace

Result<void> request_password_reset(Transaction& transaction, const SecretDeriver& secrets, const EmailAddress& email,
                                    const AccountPolicy& policy, const Actor& actor, Timestamp now) {
    TRY(check_mail_works(policy));
    const auto account = TRY(transaction.find_account_by_email(email.key));
    // An unknown address costs a record and a commit too: a stranger must not tell it by the time.
    if (!account.has_value()) return record(transaction, requested, actor, {std::nullopt}, "account_unknown", now);
    std::string_view outcome = "account_disabled";
    if (!account->disabled_at.has_value()) {
        outcome = TRY(mail_reset_link(transaction, secrets, *account, policy, now)) ? "success" : "mail_limit";
    }
    return record(transaction, requested, actor, {account->id, {}, account->email}, outcome, now);
}

Result<void> start_password_reset(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                                  const AccountPolicy& policy, const Actor& actor, Timestamp now) {
    TRY(check_mail_works(policy));
    if (account.disabled_at.has_value()) {
        return conflict("account_disabled", account.email + " is disabled; enable it first");
    }
    if (!TRY(mail_reset_link(transaction, secrets, account, policy, now))) return mail_limit_reached(account);
    return record(transaction, requested, actor, {account.id, {}, account.email}, "success", now);
}

Result<Account> reset_password(Transaction& transaction, std::string_view token, const NewPassword& password,
                               const Actor& actor, Timestamp now) {
    auto [link, account] = TRY(open_mailed_link(transaction, token, MailPurpose::reset_password, now));
    set_new_password(account, password);
    if (!account.email_verified_at.has_value()) account.email_verified_at = now;
    if (!account.activated_at.has_value() && TRY(has_live_invitation(transaction, account, now))) {
        account.activated_at = now;
    }
    account = TRY(use_mailed_link(transaction, token, MailPurpose::reset_password, std::move(account), now));
    TRY(start_over(transaction, account, "account.password_reset", actor, now));
    return account;
}

Result<void> start_over(Transaction& transaction, const Account& account, std::string_view event, const Actor& actor,
                        Timestamp now) {
    TRY(revoke_account(transaction, account.id, RevocationReason::password_changed, event, actor, now, account.email));
    TRY(end_earlier_rights(transaction, account));
    TRY(transaction.delete_login_failures(email_digest(account.email_key)));
    TRY(queue_mail(transaction, MailTemplate::password_changed, account, account.email, nullptr, {}, now));
    return {};
}

}  // namespace postern::core

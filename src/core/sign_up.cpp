#include "core/sign_up.hpp"

#include "core/accounts.hpp"
#include "core/outbox.hpp"
#include "core/revocation.hpp"

namespace postern::core {
namespace {

constexpr std::string_view signed_up = "account.signed_up";

Result<void> mail_verification(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                               const AccountPolicy& policy, Timestamp now) {
    const MailToken token = TRY(issue_mail_token(transaction, secrets, account, MailPurpose::verify_email,
                                                 {account.email_key, account.email}, policy.verify_link_life, now));
    TRY(queue_mail(transaction, MailTemplate::verify_email, account, account.email, &token, {}, now));
    return {};
}

void set_profile(Account& account, const SignUp& wanted) {
    account.email = wanted.email.given;
    account.display_name = wanted.profile.display_name;
    account.locale = wanted.profile.locale;
    set_new_password(account, wanted.password);
}

Result<void> sign_up_anew(Transaction& transaction, const SecretDeriver& secrets, const SignUp& wanted,
                          const AccountPolicy& policy, const Actor& actor, Timestamp now) {
    Account account;
    account.id = AccountId::make(now);
    account.email_key = wanted.email.key;
    account.kind = AccountKind::demo;
    account.created_at = now;
    account.updated_at = now;
    set_profile(account, wanted);
    auto inserted = transaction.insert_account(account);
    // Another sign-up for the address was faster; the next look finds its account.
    if (!inserted.has_value() && inserted.error().kind == ErrorKind::conflict) {
        return conflict("retry", "The address is being signed up by another request");
    }
    TRY(std::move(inserted));
    TRY(mail_verification(transaction, secrets, account, policy, now));
    return record(transaction, signed_up, actor, {account.id, {}, account.email}, "success", now);
}

Result<void> sign_up_again(Transaction& transaction, const SecretDeriver& secrets, Account account,
                           const SignUp& wanted, const AccountPolicy& policy, const Actor& actor, Timestamp now) {
    const bool may = TRY(may_mail(transaction, MailTemplate::verify_email, account.id, now));
    set_profile(account, wanted);
    account = TRY(save_account(transaction, std::move(account), now));
    TRY(revoke_account(transaction, account.id, RevocationReason::password_changed, signed_up, actor, now,
                       account.email));
    // Also when no mail may go out: a link that an earlier sign-up left behind must not confirm this one, nor this
    // one's holder be taken in by that one. A new link can be asked for later.
    TRY(transaction.delete_mail_tokens_of(account.id, std::nullopt));
    if (!may) return record(transaction, signed_up, actor, {account.id, {}, account.email}, "mail_limit", now);
    return mail_verification(transaction, secrets, account, policy, now);
}

}  // namespace

bool is_unconfirmed_sign_up(const Account& account) {
    return account.kind == AccountKind::demo && !account.email_verified_at.has_value() &&
           !account.activated_at.has_value() && !account.disabled_at.has_value() && !account.admin &&
           account.roles.empty() && account.scopes.empty() && account.custom_claims.empty();
}

Result<void> check_sign_up_open(const AccountPolicy& policy) {
    if (!policy.sign_up_open) {
        return forbidden("sign_up_closed", "Nobody may sign up here; ask the operator for an account");
    }
    return check_mail_works(policy);
}

Result<void> sign_up(Transaction& transaction, const SecretDeriver& secrets, const SignUp& wanted,
                     const AccountPolicy& policy, const Actor& actor, Timestamp now) {
    TRY(check_sign_up_open(policy));
    auto existing = TRY(transaction.find_account_by_email(wanted.email.key));
    if (!existing.has_value()) return sign_up_anew(transaction, secrets, wanted, policy, actor, now);
    if (is_unconfirmed_sign_up(*existing)) {
        return sign_up_again(transaction, secrets, std::move(*existing), wanted, policy, actor, now);
    }
    TRY(queue_mail(transaction, MailTemplate::already_registered, *existing, existing->email, nullptr, {}, now));
    return record(transaction, signed_up, actor, {existing->id, {}, existing->email}, "already_registered", now);
}

Result<void> resend_verification(Transaction& transaction, const SecretDeriver& secrets, const EmailAddress& email,
                                 const AccountPolicy& policy, const Actor& actor, Timestamp now) {
    constexpr std::string_view event = "account.verification_requested";
    TRY(check_mail_works(policy));
    const auto account = TRY(transaction.find_account_by_email(email.key));
    if (!account.has_value()) return record(transaction, event, actor, {std::nullopt}, "account_unknown", now);
    std::string_view outcome = "success";
    if (account->disabled_at.has_value()) {
        outcome = "account_disabled";
    } else if (account->email_verified_at.has_value()) {
        outcome = "already_verified";
    } else if (!TRY(may_mail(transaction, MailTemplate::verify_email, account->id, now))) {
        outcome = "mail_limit";
    } else {
        TRY(mail_verification(transaction, secrets, *account, policy, now));
    }
    return record(transaction, event, actor, {account->id, {}, account->email}, outcome, now);
}

Result<Account> verify_email(Transaction& transaction, std::string_view token, const Actor& actor, Timestamp now) {
    auto [link, account] = TRY(open_mailed_link(transaction, token, MailPurpose::verify_email, now));
    if (!account.email_verified_at.has_value()) account.email_verified_at = now;
    account = TRY(use_mailed_link(transaction, token, MailPurpose::verify_email, std::move(account), now));
    TRY(record(transaction, "account.email_verified", actor, {account.id, {}, account.email}, "success", now));
    return account;
}

Result<bool> expire_sign_up(Transaction& transaction, const AccountId& id, Timestamp before, Timestamp now) {
    const auto account = TRY(transaction.find_account(id));
    if (!account.has_value() || !is_unconfirmed_sign_up(*account) || account->updated_at >= before) return false;
    // Its row first: whoever confirms it, or asks for a new link, has done so before this, or finds it gone.
    if (!TRY(transaction.take_account(id, account->security_version))) return false;
    if (!TRY(transaction.list_mail_tokens(id)).empty()) return false;
    if (!TRY(transaction.list_sessions(id, true, 1)).empty()) return false;
    TRY(transaction.delete_account(id));
    TRY(record(transaction, "account.deleted", {"system", "", ""}, {id}, "unconfirmed", now));
    TRY(transaction.erase_audit(id));
    return true;
}

}  // namespace postern::core

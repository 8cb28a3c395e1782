#include "core/email_change.hpp"

#include "core/accounts.hpp"
#include "core/outbox.hpp"
#include "core/revocation.hpp"
#include "core/sign_up.hpp"

namespace postern::core {
namespace {

// What to write down of the mail to the new address: its outcome.
Result<std::string_view> mail_change_link(Transaction& transaction, const SecretDeriver& secrets,
                                          const Account& account, const EmailAddress& wanted,
                                          const AccountPolicy& policy, Timestamp now) {
    const auto holder = TRY(transaction.find_account_by_email(wanted.key));
    if (holder.has_value() && holder->id != account.id && !is_unconfirmed_sign_up(*holder)) {
        TRY(queue_mail(transaction, MailTemplate::already_registered, *holder, holder->email, nullptr, {}, now));
        return "already_registered";
    }
    if (!TRY(may_mail(transaction, MailTemplate::change_email, account.id, now))) return "mail_limit";
    const MailToken token = TRY(issue_mail_token(transaction, secrets, account, MailPurpose::change_email, wanted,
                                                 policy.change_link_life, now));
    TRY(queue_mail(transaction, MailTemplate::change_email, account, wanted.given, &token,
                   {{"new_address", wanted.given}}, now));
    return "success";
}

Result<void> make_way(Transaction& transaction, const EmailAddress& wanted, const AccountId& account,
                      const Actor& actor, Timestamp now) {
    auto holder = TRY(transaction.find_account_by_email(wanted.key));
    if (!holder.has_value() || holder->id == account) return {};
    if (!is_unconfirmed_sign_up(*holder)) {
        return conflict("email_taken", "There is an account with the address " + wanted.given + " by now");
    }
    return delete_account(transaction, std::move(*holder), actor, now);
}

}  // namespace

Result<void> request_email_change(Transaction& transaction, const SecretDeriver& secrets, const Reauthenticated& who,
                                  const EmailAddress& wanted, const AccountPolicy& policy, const Actor& actor,
                                  Timestamp now) {
    TRY(check_mail_works(policy));
    const auto account = TRY(get_confirmed_account(transaction, who));
    if (wanted.key == account.email_key && wanted.given == account.email) {
        return invalid_input("email_unchanged", "This is the account's address already");
    }
    const auto outcome = TRY(mail_change_link(transaction, secrets, account, wanted, policy, now));
    TRY(queue_mail(transaction, MailTemplate::email_change_requested, account, account.email, nullptr,
                   {{"new_address", wanted.given}}, now));
    return record(transaction, "account.email_change_requested", actor,
                  {account.id, who.caller().session(), account.email + " -> " + wanted.given}, outcome, now);
}

Result<Account> confirm_email_change(Transaction& transaction, std::string_view token, const Actor& actor,
                                     Timestamp now) {
    auto [link, account] = TRY(open_mailed_link(transaction, token, MailPurpose::change_email, now));
    if (account.disabled_at.has_value()) return invalid_link();
    const EmailAddress wanted{link.email_key, link.email};
    const std::string old_address = account.email;
    TRY(make_way(transaction, wanted, account.id, actor, now));
    account.email_key = wanted.key;
    account.email = wanted.given;
    account.email_verified_at = now;
    auto used = use_mailed_link(transaction, token, MailPurpose::change_email, std::move(account), now);
    // Somebody got the address between the look and the write; the next look finds it taken.
    if (!used.has_value() && used.error().code == "unique_violation") {
        return conflict("retry", "The address is being taken by another request");
    }
    account = TRY(std::move(used));
    TRY(revoke_account(transaction, account.id, RevocationReason::email_changed, "account.email_changed", actor, now,
                       old_address + " -> " + account.email));
    TRY(end_earlier_rights(transaction, account));
    TRY(queue_mail(transaction, MailTemplate::email_changed, account, old_address, nullptr,
                   {{"new_address", account.email}}, now));
    return account;
}

}  // namespace postern::core

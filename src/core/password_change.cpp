#include "core/password_change.hpp"

#include "core/accounts.hpp"
#include "core/outbox.hpp"
#include "core/own_sessions.hpp"

namespace postern::core {

Result<Account> change_password(Transaction& transaction, const Reauthenticated& who, const NewPassword& password,
                                const Actor& actor, Timestamp now) {
    auto account = TRY(get_confirmed_account(transaction, who));
    set_new_password(account, password);
    account = TRY(save_account(transaction, std::move(account), now));
    TRY(end_other_sessions(transaction, account.id, who.caller().session(), RevocationReason::password_changed, actor,
                           now));
    TRY(end_earlier_rights(transaction, account));
    TRY(queue_mail(transaction, MailTemplate::password_changed, account, account.email, nullptr, {}, now));
    TRY(record(transaction, "account.password_changed", actor, {account.id, who.caller().session(), account.email},
               "success", now));
    return account;
}

}  // namespace postern::core

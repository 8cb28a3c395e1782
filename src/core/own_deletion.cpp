#include "core/own_deletion.hpp"

#include "core/accounts.hpp"
#include "core/outbox.hpp"

namespace postern::core {

Result<void> delete_own_account(Transaction& transaction, const Reauthenticated& who, const Actor& actor,
                                Timestamp now) {
    const auto account = TRY(get_confirmed_account(transaction, who));
    TRY(delete_account(transaction, account, actor, now));
    TRY(queue_mail(transaction, MailTemplate::account_deleted, account, account.email, nullptr, {}, now));
    return {};
}

}  // namespace postern::core

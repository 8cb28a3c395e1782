#include "core/mailed_link.hpp"

#include "core/accounts.hpp"

namespace postern::core {

Result<MailedLink> open_mailed_link(Reader& reader, std::string_view text, MailPurpose purpose, Timestamp now) {
    auto token = TRY(find_mail_token(reader, text, purpose, now));
    auto account = TRY(reader.find_account(token.account_id));
    const bool fits = account && (purpose == MailPurpose::change_email || account->email_key == token.email_key);
    if (!fits) return invalid_link();
    return MailedLink{std::move(token), std::move(*account)};
}

Result<Account> use_mailed_link(Transaction& transaction, std::string_view text, MailPurpose purpose, Account account,
                                Timestamp now) {
    account = TRY(save_account(transaction, std::move(account), now));
    TRY(use_mail_token(transaction, text, purpose, now));
    return account;
}

}  // namespace postern::core

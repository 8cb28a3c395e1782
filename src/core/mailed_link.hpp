// What a mailed link is about: its token together with the account, as they stand now.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "core/mail_tokens.hpp"

namespace postern::core {

struct MailedLink {
    MailToken token;
    Account account;
};

// Uses nothing up: what a page shows, and what the policy needs to know of the account before a password is hashed.
// Errors: invalid_input "invalid_link" (see mail_tokens.hpp), also when the account has another address by now than
// the one that the link was mailed to. A change of address is mailed to the new one, which no account has yet.
Result<MailedLink> open_mailed_link(Reader& reader, std::string_view text, MailPurpose purpose, Timestamp now);

// Writes `account` back, which takes its row, and only then uses the token up: account before token, like everywhere.
// Errors: invalid_link, when another use was faster; those of save_account().
Result<Account> use_mailed_link(Transaction& transaction, std::string_view text, MailPurpose purpose, Account account,
                                Timestamp now);

}  // namespace postern::core

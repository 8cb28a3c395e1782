// The tokens of mailed links: single use, bound to one purpose, expiring, stored as hashes.
//
// A token is base64url(id || secret), 64 characters. The secret is derived from the id (secrets.hpp), so that the
// worker that mails it can make it again and nothing secret waits in the outbox; the row holds its hash. Using a token
// deletes its row, so of two uses at once one wins; a link that was used looks like one that never was.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/secrets.hpp"
#include "core/store.hpp"
#include "core/text.hpp"

namespace postern::core {

// What every link that does not work gets for an answer: invalid_input "invalid_link".
Error invalid_link();

// Makes the token's row, and takes the account's. Earlier tokens of the same purpose and account die.
// Errors: conflict "retry", when the account is no longer as it was read.
Result<MailToken> issue_mail_token(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                                   MailPurpose purpose, const EmailAddress& proves, Milliseconds life, Timestamp now);

// What stands in the link.
Result<SecretString> text_of_mail_token(const SecretDeriver& secrets, const MailTokenId& id);
// For the worker: the same, after making sure that the row's hash fits it (the derivation key may have changed since).
// Nothing when the token is gone: then the mail has no point any more.
Result<std::optional<SecretString>> renew_mail_token(Transaction& transaction, const SecretDeriver& secrets,
                                                     const MailTokenId& id);

// The token behind `text` without using it. Errors: invalid_input "invalid_link" for one that is malformed, unknown,
// used, of another purpose, or expired: all the same to a stranger.
Result<MailToken> find_mail_token(Reader& reader, std::string_view text, MailPurpose purpose, Timestamp now);
// Uses it up. Errors: the same.
Result<MailToken> use_mail_token(Transaction& transaction, std::string_view text, MailPurpose purpose, Timestamp now);

}  // namespace postern::core

// Statements about the tokens of mailed links.
#include "store/columns.hpp"
#include "store/transaction.hpp"

#define MAIL_TOKEN_COLUMNS "id, account_id, purpose, secret_hash, email_key, email, created_at, expires_at"

namespace postern::store {
namespace {

core::MailToken mail_token_from(Row& row) {
    Columns columns(row);
    core::MailToken token;
    token.id = columns.id<core::MailTokenId>();
    token.account_id = columns.id<core::AccountId>();
    token.purpose = core::parse_mail_purpose(columns.text()).value();
    token.secret_hash = columns.bytes();
    token.email_key = columns.text();
    token.email = columns.text();
    token.created_at = columns.time();
    token.expires_at = columns.time();
    return token;
}

}  // namespace

Result<std::optional<core::MailToken>> SqlTransaction::find_mail_token(const core::MailTokenId& id) {
    auto outcome = TRY(connection_.execute("SELECT " MAIL_TOKEN_COLUMNS " FROM mail_tokens WHERE id = $1", values(id)));
    return first_record(outcome, mail_token_from);
}

Result<std::vector<core::MailToken>> SqlTransaction::list_mail_tokens(const core::AccountId& id) {
    auto outcome = TRY(connection_.execute(
        "SELECT " MAIL_TOKEN_COLUMNS " FROM mail_tokens WHERE account_id = $1 ORDER BY id", values(id)));
    return records_from(outcome, mail_token_from);
}

Result<void> SqlTransaction::insert_mail_token(const core::MailToken& token) {
    TRY(connection_.execute("INSERT INTO mail_tokens (" MAIL_TOKEN_COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                            values(token.id, token.account_id, core::word(token.purpose), token.secret_hash,
                                   token.email_key, token.email, token.created_at, token.expires_at)));
    return {};
}

Result<bool> SqlTransaction::update_mail_token_hash(const core::MailTokenId& id, const Blob& secret_hash) {
    auto outcome =
        TRY(connection_.execute("UPDATE mail_tokens SET secret_hash = $2 WHERE id = $1", values(id, secret_hash)));
    return outcome.changed == 1;
}

Result<bool> SqlTransaction::delete_mail_token(const core::MailTokenId& id) {
    auto outcome = TRY(connection_.execute("DELETE FROM mail_tokens WHERE id = $1", values(id)));
    return outcome.changed == 1;
}

Result<std::size_t> SqlTransaction::delete_mail_tokens_of(const core::AccountId& id,
                                                          std::optional<core::MailPurpose> purpose) {
    auto outcome = TRY(purpose ? connection_.execute("DELETE FROM mail_tokens WHERE account_id = $1 AND purpose = $2",
                                                     values(id, core::word(*purpose)))
                               : connection_.execute("DELETE FROM mail_tokens WHERE account_id = $1", values(id)));
    return static_cast<std::size_t>(outcome.changed);
}

Result<std::size_t> SqlTransaction::delete_all_mail_tokens() {
    auto outcome = TRY(connection_.execute("DELETE FROM mail_tokens", {}));
    return static_cast<std::size_t>(outcome.changed);
}

}  // namespace postern::store

#include "core/mail_tokens.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "base/encoding.hpp"

namespace postern::core {
namespace {

constexpr std::string_view derivation_context = "mail token";
constexpr std::size_t id_bytes = sizeof(UuidBytes);
constexpr std::size_t secret_bytes = 32;

std::vector<std::uint8_t> hash_of(const SecretBytes& secret) {
    const Digest hash = digest({reinterpret_cast<const char*>(secret.data()), secret.size()});
    return {hash.begin(), hash.end()};
}

struct Parts {
    MailTokenId id;
    SecretBytes secret;
};

std::optional<Parts> take_apart(std::string_view text) {
    auto bytes = decode_base64url(text);
    if (!bytes || bytes->size() != id_bytes + secret_bytes) return std::nullopt;
    const auto middle = bytes->begin() + id_bytes;
    Parts parts;
    std::copy(bytes->begin(), middle, parts.id.bytes.begin());
    parts.secret.assign(middle, bytes->end());
    wipe(bytes->data(), bytes->size());
    return parts;
}

}  // namespace

Error invalid_link() {
    return invalid_input("invalid_link", "The link is not valid, was used already, or has expired; ask for a new one");
}

Result<MailToken> issue_mail_token(Transaction& transaction, const SecretDeriver& secrets, const Account& account,
                                   MailPurpose purpose, const EmailAddress& proves, Milliseconds life, Timestamp now) {
    // Whoever changes the account at the same time deletes its links: without its row they would not see this one.
    const bool current = TRY(transaction.take_account(account.id, account.security_version));
    if (!current) return conflict("retry", "The account changed meanwhile");
    TRY(transaction.delete_mail_tokens_of(account.id, purpose));
    MailToken token{.id = MailTokenId::make(now),
                    .account_id = account.id,
                    .purpose = purpose,
                    .secret_hash = {},
                    .email_key = proves.key,
                    .email = proves.given,
                    .created_at = now,
                    .expires_at = now + life};
    token.secret_hash = hash_of(TRY(secrets.derive(derivation_context, token.id.bytes)));
    TRY(transaction.insert_mail_token(token));
    return token;
}

Result<SecretString> text_of_mail_token(const SecretDeriver& secrets, const MailTokenId& id) {
    const SecretBytes secret = TRY(secrets.derive(derivation_context, id.bytes));
    SecretBytes whole(id.bytes.begin(), id.bytes.end());
    whole.insert(whole.end(), secret.begin(), secret.end());
    std::string text = encode_base64url(whole);
    return SecretString::take_from(text);
}

Result<std::optional<SecretString>> renew_mail_token(Transaction& transaction, const SecretDeriver& secrets,
                                                     const MailTokenId& id) {
    const auto token = TRY(transaction.find_mail_token(id));
    if (!token.has_value()) return std::optional<SecretString>();
    const auto hash = hash_of(TRY(secrets.derive(derivation_context, id.bytes)));
    if (hash != token->secret_hash) TRY(transaction.update_mail_token_hash(id, hash));
    return std::optional(TRY(text_of_mail_token(secrets, id)));
}

Result<MailToken> find_mail_token(Reader& reader, std::string_view text, MailPurpose purpose, Timestamp now) {
    const auto parts = take_apart(text);
    if (!parts) return invalid_link();
    auto token = TRY(reader.find_mail_token(parts->id));
    if (!token || !equal_in_constant_time(token->secret_hash, hash_of(parts->secret))) return invalid_link();
    if (token->purpose != purpose || token->expires_at <= now) return invalid_link();
    return std::move(*token);
}

Result<MailToken> use_mail_token(Transaction& transaction, std::string_view text, MailPurpose purpose, Timestamp now) {
    auto token = TRY(find_mail_token(transaction, text, purpose, now));
    const bool ours = TRY(transaction.delete_mail_token(token.id));
    if (!ours) return invalid_link();
    return token;
}

}  // namespace postern::core

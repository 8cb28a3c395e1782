#include "core/outbox.hpp"

#include "base/json_text.hpp"
#include "base/limits.hpp"
#include "core/words.hpp"

namespace postern::core {
namespace {

constexpr Words<MailTemplate, 9> mail_templates = {{{MailTemplate::verify_email, "verify_email"},
                                                    {MailTemplate::already_registered, "already_registered"},
                                                    {MailTemplate::reset_password, "reset_password"},
                                                    {MailTemplate::invitation, "invitation"},
                                                    {MailTemplate::change_email, "change_email"},
                                                    {MailTemplate::email_change_requested, "email_change_requested"},
                                                    {MailTemplate::email_changed, "email_changed"},
                                                    {MailTemplate::password_changed, "password_changed"},
                                                    {MailTemplate::account_deleted, "account_deleted"}}};

bool strangers_can_cause(MailTemplate mail) {
    switch (mail) {
        case MailTemplate::verify_email:
        case MailTemplate::already_registered:
        case MailTemplate::reset_password:
        case MailTemplate::change_email: return true;
        case MailTemplate::invitation:
        case MailTemplate::email_change_requested:
        case MailTemplate::email_changed:
        case MailTemplate::password_changed:
        case MailTemplate::account_deleted: return false;
    }
    return true;
}

}  // namespace

std::string_view word(MailTemplate mail) {
    return word_in(mail_templates, mail);
}

std::optional<MailTemplate> parse_mail_template(std::string_view word) {
    return value_in(mail_templates, word);
}

Result<bool> may_mail(Reader& reader, MailTemplate mail, const AccountId& account, Timestamp now) {
    if (!strangers_can_cause(mail)) return true;
    const auto queued = TRY(reader.count_mails_since(account, word(mail), now - limits::mails_period));
    return queued < limits::mails_per_account;
}

Error mail_limit_reached(const Account& account) {
    return throttled("mail_limit",
                     account.email + " has been sent " + std::to_string(limits::mails_per_account) +
                         " mails lately; try again later",
                     limits::mails_period);
}

Result<bool> queue_mail(Transaction& transaction, MailTemplate mail, const Account& account, std::string_view recipient,
                        const MailToken* token, const std::map<std::string, std::string>& variables, Timestamp now) {
    if (!TRY(may_mail(transaction, mail, account.id, now))) return false;
    auto shown = variables;
    const bool chosen_by_stranger = account.kind == AccountKind::demo && !account.email_verified_at.has_value();
    shown["name"] = chosen_by_stranger ? "" : account.display_name;
    shown["address"] = account.email;
    shown["locale"] = account.locale;
    // The notice of a deletion outlives the account, whose other mail goes with it.
    const bool outlives = mail == MailTemplate::account_deleted;
    OutboxEntry entry{.id = OutboxId::make(now),
                      .kind = OutboxKind::mail,
                      .topic = std::string(word(mail)),
                      .account_id = outlives ? std::nullopt : std::optional(account.id),
                      .recipient = std::string(recipient),
                      .payload = write_json_object(shown),
                      .token_id = token == nullptr ? std::nullopt : std::optional(token->id),
                      .created_at = now,
                      .due_at = now,
                      .attempts = 0,
                      .state = OutboxState::pending,
                      .last_error = "",
                      .finished_at = std::nullopt};
    TRY(transaction.insert_outbox(entry));
    return true;
}

}  // namespace postern::core

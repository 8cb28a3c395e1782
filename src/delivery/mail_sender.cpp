#include "delivery/mail_sender.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <filesystem>

#include "base/json.hpp"
#include "base/log.hpp"
#include "core/mail_tokens.hpp"
#include "core/outbox.hpp"
#include "delivery/mail_file.hpp"

namespace postern::delivery {
namespace {

using core::MailTemplate;

std::string_view page_of(MailTemplate mail) {
    switch (mail) {
        case MailTemplate::verify_email: return "/verify";
        case MailTemplate::reset_password: return "/reset";
        case MailTemplate::invitation: return "/invitation";
        case MailTemplate::change_email: return "/email";
        default: return "";
    }
}

// A value is one line of text, wherever a template shows it: a name with line ends in it could look like our own words.
std::string on_one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line) {
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    }
    return line;
}

// "2027-01-15 08:00 UTC"
std::string format_when(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(std::chrono::floor<Seconds>(time - day));
    const auto two_digits = [](auto number) {
        const std::string digits = std::to_string(number);
        return digits.size() < 2 ? "0" + digits : digits;
    };
    return std::to_string(static_cast<int>(date.year())) + "-" + two_digits(static_cast<unsigned>(date.month())) + "-" +
           two_digits(static_cast<unsigned>(date.day())) + " " + two_digits(clock.hours().count()) + ":" +
           two_digits(clock.minutes().count()) + " UTC";
}

Result<Variables> variables_of(const core::OutboxEntry& entry) {
    const auto payload = TRY(parse_json(entry.payload));
    const auto* members = payload.if_object();
    if (members == nullptr) return invalid_input("invalid_payload", "The entry's variables are no JSON object");
    Variables variables;
    for (const auto& member : *members) {
        if (const auto* text = member.value().if_string()) {
            variables[std::string(member.key())] = on_one_line(std::string_view(*text));
        }
    }
    return variables;
}

}  // namespace

MailSender::MailSender(MailSettings settings, Templates templates, core::Store& store,
                       const core::SecretDeriver& secrets, const core::Text& text, const Clock& clock)
    : settings_(std::move(settings)),
      templates_(std::move(templates)),
      store_(store),
      secrets_(secrets),
      text_(text),
      clock_(clock) {}

Result<std::optional<SecretString>> MailSender::link_of(const core::OutboxEntry& entry, MailTemplate mail) {
    if (!entry.token_id.has_value()) return std::optional<SecretString>();
    const core::MailTokenId id = *entry.token_id;
    using Token = std::optional<SecretString>;
    auto renewed = core::write_and_wait(store_, [this, id](core::Transaction& transaction) -> Result<Token> {
        const auto row = TRY(transaction.find_mail_token(id));
        if (!row.has_value() || row->expires_at <= clock_.now()) return Token();
        return core::renew_mail_token(transaction, secrets_, id);
    });
    const auto token = TRY(std::move(renewed));
    if (!token.has_value())
        return not_found("link_gone", "The link was used, replaced or expired before the mail left");
    std::string link = settings_.front_end + std::string(page_of(mail)) + "?token=" + std::string(token->reveal());
    return std::optional(SecretString::take_from(link));
}

Attempt MailSender::begin(const core::OutboxEntry& entry) {
    const auto mail = core::parse_mail_template(entry.topic);
    if (!mail) return Outcome{Outcome::Kind::refused, "There is no mail template " + entry.topic};
    const auto recipient = address_for_envelope(entry.recipient, text_);
    if (!recipient) return Outcome{Outcome::Kind::refused, recipient.error().message};
    auto variables = variables_of(entry);
    if (!variables) return Outcome{Outcome::Kind::refused, variables.error().message};
    const auto link = link_of(entry, *mail);
    if (!link) {
        const bool gone = link.error().code == "link_gone";
        return Outcome{gone ? Outcome::Kind::pointless : Outcome::Kind::retry, link.error().message};
    }

    const std::string locale = (*variables)["locale"];
    if ((*variables)["name"].empty()) (*variables)["name"] = (*variables)["address"];
    (*variables)["service_name"] = settings_.service_name;
    (*variables)["when"] = format_when(entry.created_at);
    const std::string link_text(*link ? (*link)->reveal() : std::string_view());
    if (*link) (*variables)["link"] = link_text;
    for (auto& [name, value] : color_variables(settings_.color)) (*variables)[name] = value;
    auto words = templates_.render(*mail, locale, std::move(*variables));

    std::string message = compose({.from = settings_.from,
                                   .to = *recipient,
                                   .subject = std::move(words.subject),
                                   .text = std::move(words.text),
                                   .html = std::move(words.html),
                                   .id = entry.id.text(),
                                   .date = entry.created_at});
    if (!settings_.directory.empty()) return write_file(entry, link_text, message);
    return make_mail_transfer(settings_.smtp, settings_.from.address, *recipient, SecretString::take_from(message));
}

Outcome MailSender::write_file(const core::OutboxEntry& entry, const std::string& link, const std::string& mail) {
    const auto file = write_mail_file(settings_.directory, entry, mail);
    if (!file) return {Outcome::Kind::retry, file.error().message};
    log::info("mail_written", {{"file", *file}, {"recipient", entry.recipient}, {"link", link}});
    return {Outcome::Kind::sent};
}

Attempt NoMail::begin(const core::OutboxEntry&) {
    return Outcome{Outcome::Kind::refused, "Mail is switched off (mail.mode)"};
}

}  // namespace postern::delivery

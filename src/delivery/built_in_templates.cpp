#include "delivery/built_in_templates.hpp"

#include <array>

namespace postern::delivery {
namespace {

using core::MailTemplate;

constexpr std::array<Wording, 18> wordings = {{
    {MailTemplate::verify_email, "en", "Confirm your address for {{service_name}}",
     "Hello {{name}},\n\nsomeone, we hope you, signed up for {{service_name}} with the address {{address}}. Please "
     "confirm that it is yours:",
     "Confirm the address", "If it was not you, do nothing. Without the confirmation nobody can use the account."},
    {MailTemplate::already_registered, "en", "You already have an account at {{service_name}}",
     "Hello {{name}},\n\nsomeone, perhaps you, tried to use the address {{address}} for an account at "
     "{{service_name}}. It has one already, and nothing was changed.",
     "",
     "If it was you: log in, or ask for a new password if you do not remember yours. If it was not you, there is "
     "nothing to do."},
    {MailTemplate::reset_password, "en", "Choose a new password for {{service_name}}",
     "Hello {{name}},\n\nsomeone, we hope you, asked for a new password for {{address}} at {{service_name}}. Choose "
     "it here:",
     "Choose a new password",
     "If it was not you, do nothing: your password stays as it is. Do not pass this mail on; whoever has the link can "
     "take the account over."},
    {MailTemplate::invitation, "en", "Your account at {{service_name}}",
     "Hello {{name}},\n\nan account at {{service_name}} was made for you, with the address {{address}}. Choose a "
     "password, and it is yours:",
     "Accept the invitation", "If you do not expect this invitation, do nothing."},
    {MailTemplate::change_email, "en", "Confirm your new address for {{service_name}}",
     "Hello {{name}},\n\nthe address of your account at {{service_name}} is to become {{new_address}}. Please confirm "
     "that it is yours:",
     "Confirm the new address", "If you did not ask for this, do nothing: the account keeps its address."},
    {MailTemplate::email_change_requested, "en", "A new address was asked for at {{service_name}}",
     "Hello {{name}},\n\nsomeone who knows your password asked to change the address of your account at "
     "{{service_name}} to {{new_address}}. It changes once that address is confirmed.",
     "", "If it was not you, change your password now."},
    {MailTemplate::email_changed, "en", "Your address at {{service_name}} was changed",
     "Hello {{name}},\n\nthe address of your account at {{service_name}} is {{new_address}} now. This mail goes to the "
     "old one, which does not work for it any more.",
     "", "If you did not do this, tell the people who run {{service_name}} at once."},
    {MailTemplate::password_changed, "en", "Your password at {{service_name}} was changed",
     "Hello {{name}},\n\nthe password of {{address}} at {{service_name}} was changed on {{when}}. All other sessions "
     "have ended.",
     "", "If you did not do this, ask for a new password at once and tell the people who run {{service_name}}."},
    {MailTemplate::account_deleted, "en", "Your account at {{service_name}} was deleted",
     "Hello {{name}},\n\nthe account of {{address}} at {{service_name}} was deleted on {{when}}.", "",
     "If you did not do this, tell the people who run {{service_name}} at once."},

    {MailTemplate::verify_email, "de", "Bestätigen Sie Ihre Adresse für {{service_name}}",
     "Guten Tag {{name}},\n\njemand, hoffentlich Sie, hat sich mit der Adresse {{address}} bei {{service_name}} "
     "angemeldet. Bitte bestätigen Sie, dass sie Ihnen gehört:",
     "Adresse bestätigen", "Waren Sie es nicht, so tun Sie nichts. Ohne Bestätigung kann niemand das Konto benutzen."},
    {MailTemplate::already_registered, "de", "Sie haben schon ein Konto bei {{service_name}}",
     "Guten Tag {{name}},\n\njemand, vielleicht Sie, wollte die Adresse {{address}} für ein Konto bei {{service_name}} "
     "verwenden. Zu ihr gehört schon eines; geändert wurde nichts.",
     "",
     "Waren Sie es, so melden Sie sich an, oder fordern Sie ein neues Passwort an. Waren Sie es nicht, so ist nichts "
     "zu "
     "tun."},
    {MailTemplate::reset_password, "de", "Neues Passwort für {{service_name}}",
     "Guten Tag {{name}},\n\njemand, hoffentlich Sie, hat für {{address}} bei {{service_name}} ein neues Passwort "
     "angefordert. Hier können Sie es wählen:",
     "Neues Passwort wählen",
     "Waren Sie es nicht, so tun Sie nichts: Ihr Passwort bleibt, wie es ist. Geben Sie diese Mail nicht weiter; wer "
     "den Link hat, kann das Konto übernehmen."},
    {MailTemplate::invitation, "de", "Ihr Konto bei {{service_name}}",
     "Guten Tag {{name}},\n\nfür Sie wurde mit der Adresse {{address}} ein Konto bei {{service_name}} angelegt. Wählen "
     "Sie ein Passwort, dann gehört es Ihnen:",
     "Einladung annehmen", "Erwarten Sie diese Einladung nicht, so tun Sie nichts."},
    {MailTemplate::change_email, "de", "Bestätigen Sie Ihre neue Adresse für {{service_name}}",
     "Guten Tag {{name}},\n\ndie Adresse Ihres Kontos bei {{service_name}} soll {{new_address}} werden. Bitte "
     "bestätigen Sie, dass sie Ihnen gehört:",
     "Neue Adresse bestätigen", "Wollten Sie das nicht, so tun Sie nichts: das Konto behält seine Adresse."},
    {MailTemplate::email_change_requested, "de", "Neue Adresse bei {{service_name}} angefordert",
     "Guten Tag {{name}},\n\njemand, der Ihr Passwort kennt, will die Adresse Ihres Kontos bei {{service_name}} in "
     "{{new_address}} ändern. Das geschieht, sobald diese Adresse bestätigt ist.",
     "", "Waren Sie es nicht, so ändern Sie jetzt Ihr Passwort."},
    {MailTemplate::email_changed, "de", "Ihre Adresse bei {{service_name}} wurde geändert",
     "Guten Tag {{name}},\n\ndie Adresse Ihres Kontos bei {{service_name}} ist jetzt {{new_address}}. Diese Mail geht "
     "an die alte, die dafür nicht mehr gilt.",
     "", "Waren Sie es nicht, so wenden Sie sich sofort an die Betreiber von {{service_name}}."},
    {MailTemplate::password_changed, "de", "Ihr Passwort bei {{service_name}} wurde geändert",
     "Guten Tag {{name}},\n\ndas Passwort von {{address}} bei {{service_name}} wurde am {{when}} geändert. Alle "
     "anderen "
     "Sitzungen sind beendet.",
     "",
     "Waren Sie es nicht, so fordern Sie sofort ein neues Passwort an, und wenden Sie sich an die Betreiber von "
     "{{service_name}}."},
    {MailTemplate::account_deleted, "de", "Ihr Konto bei {{service_name}} wurde gelöscht",
     "Guten Tag {{name}},\n\ndas Konto von {{address}} bei {{service_name}} wurde am {{when}} gelöscht.", "",
     "Waren Sie es nicht, so wenden Sie sich sofort an die Betreiber von {{service_name}}."},
}};

// Readers of mail know little CSS, and that in the tag; the colours of the text are the reader's own, so that dark
// modes work.
constexpr std::string_view html_head =
    "<!doctype html>\n<html lang=\"{{locale}}\">\n<head><meta charset=\"utf-8\"><meta name=\"viewport\" "
    "content=\"width=device-width, initial-scale=1\"><title>{{service_name}}</title></head>\n<body "
    "style=\"margin:0;padding:1.5em;font-family:sans-serif;font-size:16px;line-height:1.5\">\n<div "
    "style=\"max-width:36em;margin:0 auto\">\n<p style=\"border-bottom:3px solid {{color}};padding-bottom:0.5em;"
    "font-weight:bold\">{{service_name}}</p>\n";
constexpr std::string_view html_foot = "</div>\n</body>\n</html>\n";

std::string paragraphs(std::string_view text) {
    std::string html;
    while (!text.empty()) {
        const auto end = text.find("\n\n");
        html.append("<p>").append(text.substr(0, end)).append("</p>\n");
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 2);
    }
    return html;
}

}  // namespace

std::span<const Wording> built_in_wordings() {
    return wordings;
}

std::string text_part(const Wording& wording) {
    std::string text(wording.before);
    if (!wording.button.empty()) text += "\n\n{{link}}";
    return text.append("\n\n").append(wording.after).append("\n\n-- \n{{service_name}}\n");
}

std::string html_part(const Wording& wording) {
    std::string html(html_head);
    html += paragraphs(wording.before);
    if (!wording.button.empty()) {
        html.append(
                "<p><a href=\"{{link}}\" style=\"display:inline-block;padding:0.7em 1.2em;border-radius:4px;"
                "background-color:{{color}};color:{{text_color}};text-decoration:none;font-weight:bold\">")
            .append(wording.button)
            .append("</a></p>\n<p style=\"word-break:break-all\"><a href=\"{{link}}\">{{link}}</a></p>\n");
    }
    return html.append(paragraphs(wording.after)).append(html_foot);
}

}  // namespace postern::delivery

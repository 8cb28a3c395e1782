#include "app/configuration_keys.hpp"

namespace postern::app {
namespace {

using C = Configuration;

std::vector<Key> password_and_mail_keys() {
    return {
        {"accounts.sign_up", &C::accounts_sign_up, "Whether strangers may sign up."},
        {"accounts.unconfirmed_retention",
         &C::accounts_unconfirmed_retention,
         "A sign-up that nobody confirmed goes after this long, unless a link that confirms it still works.",
         {},
         hour,
         3650 * day},
        {"passwords.minimum_characters",
         &C::passwords_minimum_characters,
         "Shortest new password. NIST SP 800-63B-4 asks for 15 where nothing else proves who it is.",
         {},
         8,
         64},

        {"mail.mode",
         &C::mail_mode,
         "`smtp`: mail is sent. `file`: it is written to `mail.directory` and its links are logged, for development. "
         "`off`: what needs mail answers 503.",
         {},
         0,
         0,
         {"off", "file", "smtp"}},
        {"mail.from", &C::mail_from, "Sender: `auth@example.com`, or `Example <auth@example.com>`.",
         "none: needed with `smtp`"},
        {"mail.directory", &C::mail_directory, "Where `file` writes, one `.eml` each.", "`<data_dir>/mail`"},
        {"mail.smtp_host", &C::mail_smtp_host, "Mail server that takes our mail.", "none: needed with `smtp`"},
        {"mail.smtp_port", &C::mail_smtp_port, "Its port.", {}, 1, 65535},
        {"mail.smtp_security",
         &C::mail_smtp_security,
         "`starttls` and `tls` refuse to go on without a valid certificate; `none` is for a server on the same "
         "machine.",
         {},
         0,
         0,
         {"starttls", "tls", "none"}},
        {"mail.smtp_user", &C::mail_smtp_user, "Name to log in with.", "none: no authentication"},
        {"mail.smtp_password_file", &C::mail_smtp_password_file, "File of its password.", "none"},
        {"mail.smtp_ca_file", &C::mail_smtp_ca_file, "PEM file with the authority of the server's certificate.",
         "the system's"},
        {"mail.templates", &C::mail_templates, "Directory of templates that go before the built-in ones.", "none"},
        {"mail.locale", &C::mail_locale, "Language of mail to accounts that have none of their own."},
        {"mail.time",
         &C::mail_time,
         "How long one attempt to deliver a mail or a webhook may take.",
         {},
         second,
         10 * minute},
        {"mail.retry_time",
         &C::mail_retry_time,
         "Pause after the first failed attempt; doubled after each further one, up to an hour.",
         {},
         100,
         hour},
    };
}

std::vector<Key> link_keys() {
    return {
        {"links.front_end", &C::links_front_end,
         "Where mailed links lead: `/verify`, `/reset`, `/invitation` and `/email` are added, with `?token=`.",
         "`<public_url>/account`, pages of Postern's own"},
        {"links.color", &C::links_color, "Colour of those pages, as `#rrggbb`."},
        {"links.verify_life",
         &C::links_verify_life,
         "How long a link that proves an address works.",
         {},
         minute,
         30 * day},
        {"links.reset_life", &C::links_reset_life, "How long a link that resets a password works.", {}, minute, day},
        {"links.invitation_life", &C::links_invitation_life, "How long an invitation works.", {}, minute, 90 * day},
        {"links.change_life",
         &C::links_change_life,
         "How long a link that changes an address works.",
         {},
         minute,
         30 * day},
    };
}

std::vector<Key> throttle_and_webhook_keys() {
    return {
        {"throttle.network_failures",
         &C::throttle_network_failures,
         "Failed logins of one network (IPv6: a /64) in 10 minutes.",
         {},
         1,
         1'000'000},
        {"throttle.account_network_failures",
         &C::throttle_account_network_failures,
         "Failed logins of one network to one account in 10 minutes.",
         {},
         1,
         1'000'000},
        {"throttle.account_failures",
         &C::throttle_account_failures,
         "Failed logins to one account in a row, from anywhere; then only networks and devices that have logged in to "
         "it may try.",
         {},
         1,
         1'000'000},
        {"throttle.lock_time",
         &C::throttle_lock_time,
         "How long after the last failed login those are forgotten.",
         {},
         second,
         30 * day},
        {"throttle.network_requests",
         &C::throttle_network_requests,
         "Sign-ups, and requests that send mail, of one network in 10 minutes.",
         {},
         1,
         1'000'000},

        {"webhooks.urls", &C::webhooks_urls, "Where events are sent."},
        {"webhooks.secret_file", &C::webhooks_secret_file, "File of the secret that signs them.",
         "none: needed with `webhooks.urls`"},
        {"webhooks.events", &C::webhooks_events, "Which events, such as `account.created`.", "all"},
        {"webhooks.private_addresses", &C::webhooks_private_addresses,
         "Whether they may go to private addresses, such as 10.0.0.0/8 and this machine."},
    };
}

}  // namespace

std::vector<Key> account_keys() {
    std::vector<Key> keys = password_and_mail_keys();
    for (auto& key : link_keys()) keys.push_back(std::move(key));
    for (auto& key : throttle_and_webhook_keys()) keys.push_back(std::move(key));
    return keys;
}

}  // namespace postern::app

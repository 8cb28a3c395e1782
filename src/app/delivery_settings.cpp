#include "app/delivery_settings.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>

#include "app/version.hpp"
#include "base/encoding.hpp"
#include "crypto/icu_text.hpp"

namespace postern::app {
namespace {

constexpr std::string_view smtp_password_variable = "POSTERN_MAIL_SMTP_PASSWORD";
constexpr std::string_view webhook_secret_variable = "POSTERN_WEBHOOKS_SECRET";
// Of a secret's file: longer is another kind of file.
constexpr std::size_t secret_file_bytes = 4096;
// Shorter could be guessed by whoever sees one signed event.
constexpr std::size_t webhook_secret_bytes = 16;
// Of a mail that never leaves this machine.
constexpr std::string_view sender_in_files = "postern@example.invalid";

std::string describe(const Configuration& configuration, const std::string& key, const std::string& value) {
    const auto found = configuration.origins.find(key);
    return key + " is " + quote_for_message(value) +
           (found == configuration.origins.end() ? std::string() : " (" + found->second + ")");
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

bool is_color(const std::string& text) {
    return text.size() == 7 && text[0] == '#' && std::all_of(text.begin() + 1, text.end(), [](char c) {
               return std::isxdigit(static_cast<unsigned char>(c)) != 0;
           });
}

bool is_front_end(const std::string& url) {
    const std::size_t scheme = url.starts_with("https://") ? 8 : url.starts_with("http://") ? 7 : 0;
    return scheme > 0 && url.size() > scheme && is_printable(url) && !url.ends_with('/') &&
           url.find_first_of("?#<>'@") == std::string::npos;
}

bool is_host(const std::string& text) {
    return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == ':';
    });
}

Result<void> check_mail(const Configuration& c) {
    if (!c.mail_from.empty()) {
        const auto from = delivery::parse_mailbox(c.mail_from, crypto::IcuText());
        if (!from) {
            return configuration_error(describe(c, "mail.from", c.mail_from) + ": " + from.error().message +
                                       R"(; write it like "auth@example.com" or "Example <auth@example.com>")");
        }
    }
    if (c.mail_mode != "smtp") return {};
    if (c.mail_smtp_host.empty()) return configuration_error("mail.mode is \"smtp\" but mail.smtp_host is not set");
    if (!is_host(c.mail_smtp_host)) {
        return configuration_error(describe(c, "mail.smtp_host", c.mail_smtp_host) +
                                   "; it must be the name or the address of a host, such as \"mail.example.com\"");
    }
    if (c.mail_from.empty()) {
        return configuration_error(
            R"(mail.mode is "smtp" but mail.from is not set; set it to the sender, such as "auth@example.com")");
    }
    if (c.mail_smtp_user.empty() && !c.mail_smtp_password_file.empty()) {
        return configuration_error("mail.smtp_password_file is set but mail.smtp_user is not");
    }
    return {};
}

// From the variable, else from the file; nothing when neither is set.
Result<std::optional<SecretString>> read_secret(const Environment& environment, std::string_view variable,
                                                const std::string& key, const std::string& path) {
    std::string text;
    const auto found = environment.find(variable);
    if (found != environment.end()) {
        text = found->second;
    } else if (!path.empty()) {
        std::ifstream file(path, std::ios::binary);
        text.resize(secret_file_bytes + 1);
        file.read(text.data(), static_cast<std::streamsize>(text.size()));
        if (!file.is_open() || file.bad()) return configuration_error(key + ": the file " + path + " cannot be read");
        text.resize(static_cast<std::size_t>(file.gcount()));
        if (text.size() > secret_file_bytes) return configuration_error(key + ": the file " + path + " is too long");
        while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
    } else {
        return std::optional<SecretString>();
    }
    auto secret = SecretString::take_from(text);
    if (!secret.empty()) return std::optional(std::move(secret));
    return configuration_error(found != environment.end() ? std::string(variable) + " is empty"
                                                          : key + ": the file " + path + " is empty");
}

delivery::SmtpSecurity security_of(const Configuration& configuration) {
    if (configuration.mail_smtp_security == "none") return delivery::SmtpSecurity::none;
    if (configuration.mail_smtp_security == "tls") return delivery::SmtpSecurity::tls;
    return delivery::SmtpSecurity::starttls;
}

delivery::TransferLimits transfer_limits(const Configuration& configuration) {
    return {.time = configuration.mail_time, .connect_time = limits::delivery_connect_time};
}

Result<delivery::SmtpSettings> smtp_settings(const Configuration& c, const Environment& environment,
                                             const delivery::Mailbox& from) {
    delivery::SmtpSettings settings{.host = c.mail_smtp_host,
                                    .port = c.mail_smtp_port,
                                    .security = security_of(c),
                                    .user = c.mail_smtp_user,
                                    .password = {},
                                    .ca_file = c.mail_smtp_ca_file,
                                    .local_name = std::string(from.domain()),
                                    .limits = transfer_limits(c)};
    auto password =
        TRY(read_secret(environment, smtp_password_variable, "mail.smtp_password_file", c.mail_smtp_password_file));
    if (!settings.user.empty() && !password) {
        return configuration_error(
            "mail.smtp_user is set but there is no password; name its file with "
            "mail.smtp_password_file, or set " +
            std::string(smtp_password_variable));
    }
    if (!settings.user.empty()) settings.password = std::move(*password);
    if (!settings.ca_file.empty() && !std::ifstream(settings.ca_file).is_open()) {
        return configuration_error("mail.smtp_ca_file: the file " + settings.ca_file + " cannot be read");
    }
    return settings;
}

}  // namespace

Result<void> check_delivery(const Configuration& c) {
    TRY(check_mail(c));
    if (!is_color(c.links_color)) {
        return configuration_error(describe(c, "links.color", c.links_color) +
                                   "; it must be written as \"#rrggbb\", such as \"#1d4f91\"");
    }
    if (!is_front_end(c.links_front_end)) {
        return configuration_error(describe(c, "links.front_end", c.links_front_end) +
                                   "; it must be an http:// or https:// address without a slash at its end");
    }
    for (const std::string& url : c.webhooks_urls) {
        const auto checked = delivery::check_webhook_url(url);
        if (!checked) return configuration_error(describe(c, "webhooks.urls", url) + "; " + checked.error().message);
    }
    return {};
}

Result<delivery::MailSettings> mail_settings(const Configuration& c, const Environment& environment,
                                             const core::Text& text) {
    delivery::MailSettings settings{.from = {c.service_name, std::string(sender_in_files)},
                                    .service_name = c.service_name,
                                    .front_end = c.links_front_end,
                                    .color = c.links_color,
                                    .directory = c.mail_mode == "file" ? c.mail_directory : "",
                                    .smtp = {}};
    if (!c.mail_from.empty()) settings.from = TRY(delivery::parse_mailbox(c.mail_from, text));
    if (c.mail_mode == "smtp") settings.smtp = TRY(smtp_settings(c, environment, settings.from));
    return settings;
}

Result<delivery::Templates> mail_templates(const Configuration& configuration) {
    return delivery::Templates::load(configuration.mail_templates, configuration.mail_locale);
}

Result<delivery::WebhookSettings> webhook_settings(const Configuration& c, const Environment& environment) {
    auto secret =
        TRY(read_secret(environment, webhook_secret_variable, "webhooks.secret_file", c.webhooks_secret_file));
    if (!c.webhooks_urls.empty() && !secret) {
        return configuration_error(
            "webhooks.urls is set but there is no secret to sign with; name its file with "
            "webhooks.secret_file, or set " +
            std::string(webhook_secret_variable));
    }
    if (secret && secret->reveal().size() < webhook_secret_bytes) {
        return configuration_error("The secret of the webhooks has fewer than " + std::to_string(webhook_secret_bytes) +
                                   " bytes; make one with: openssl rand -hex 32");
    }
    return delivery::WebhookSettings{.secret = secret ? std::move(*secret) : SecretString(),
                                     .private_addresses = c.webhooks_private_addresses,
                                     .user_agent = "Postern/" + std::string(version()),
                                     .limits = transfer_limits(c)};
}

}  // namespace postern::app

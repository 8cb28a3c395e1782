#include "app/doctor_delivery.hpp"

#include "app/delivery_settings.hpp"
#include "crypto/icu_text.hpp"
#include "delivery/smtp.hpp"

namespace postern::app {
namespace {

using namespace std::chrono_literals;
using core::Finding;
using core::Severity;

// An operator waits for the answer.
constexpr auto probe_time = 5s;
// Longer than a mail server is usually restarted for.
constexpr auto long_wait = 10min;

Finding look_at_server(const Configuration& configuration, delivery::SmtpSettings settings) {
    settings.limits = {.time = probe_time, .connect_time = probe_time};
    const std::string server = settings.host + ":" + std::to_string(settings.port);
    const auto probe = delivery::make_smtp_probe(settings);
    const auto outcome = delivery::run_alone(*probe);
    if (outcome.kind == delivery::Outcome::Kind::sent) {
        return {Severity::ok, "mail",
                "The mail server " + server + " answers" +
                    (settings.user.empty() ? std::string() : ", and takes our login"),
                ""};
    }
    return {Severity::problem, "mail", outcome.error,
            "See that mail.smtp_host, mail.smtp_port, mail.smtp_security (" + configuration.mail_smtp_security +
                ") and the login fit; mail waits meanwhile, and nothing is lost"};
}

Finding look_at_mail(const Configuration& configuration, const Environment& environment) {
    auto settings = mail_settings(configuration, environment, crypto::IcuText());
    if (!settings) return {Severity::problem, "mail", settings.error().message, "Correct it"};
    const auto templates = mail_templates(configuration);
    if (!templates) return {Severity::problem, "mail", templates.error().message, "Correct it"};
    if (configuration.mail_mode == "off") {
        return {Severity::warning, "mail",
                "Mail is off: nobody can sign up, be invited, change an address or reset a password",
                "Set mail.mode to \"smtp\", with mail.smtp_host and mail.from"};
    }
    if (configuration.mail_mode == "file") {
        return {Severity::warning, "mail",
                "Mail is written to " + configuration.mail_directory + " and its links to the log, for development",
                "Set mail.mode to \"smtp\" before strangers use this server"};
    }
    return look_at_server(configuration, std::move(settings->smtp));
}

void look_at_outbox(std::vector<Finding>& findings, core::Store& store, core::OutboxKind kind, Timestamp now) {
    const auto counted = core::read_and_wait(store, [kind](core::Reader& reader) { return reader.count_outbox(kind); });
    if (!counted) return;  // the look at the store says why
    const std::string kind_word(core::word(kind));
    if (counted->failed > 0) {
        findings.push_back({Severity::warning, "outbox",
                            std::to_string(counted->failed) + " of kind " + kind_word + " were given up",
                            "The outbox of the administration says why of each, and can try again"});
    }
    const auto waits = counted->oldest_pending
                           ? std::chrono::floor<std::chrono::minutes>(now - *counted->oldest_pending)
                           : std::chrono::minutes(0);
    const bool late = waits >= long_wait;
    findings.push_back({late ? Severity::warning : Severity::ok, "outbox",
                        std::to_string(counted->pending) + " of kind " + kind_word + " wait" +
                            (late ? ", the oldest for " + std::to_string(waits.count()) + " minutes" : ""),
                        late ? "See the log for what goes wrong" : ""});
}

}  // namespace

void look_at_delivery(std::vector<Finding>& findings, LocalWorkplace& workplace, const Environment& environment,
                      const Clock& clock) {
    const Configuration& configuration = workplace.configuration();
    findings.push_back(look_at_mail(configuration, environment));
    const auto webhooks = webhook_settings(configuration, environment);
    if (!webhooks) findings.push_back({Severity::problem, "webhooks", webhooks.error().message, "Correct it"});
    const auto store = workplace.store();
    if (!store) return;  // said already
    look_at_outbox(findings, **store, core::OutboxKind::mail, clock.now());
    look_at_outbox(findings, **store, core::OutboxKind::webhook, clock.now());
}

}  // namespace postern::app

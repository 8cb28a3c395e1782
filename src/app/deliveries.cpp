#include "app/deliveries.hpp"

#include "app/delivery_settings.hpp"
#include "delivery/mail_sender.hpp"
#include "delivery/webhook_sender.hpp"

namespace postern::app {
namespace {

using http::Sample;

delivery::WorkerOptions mail_options(const Configuration& configuration) {
    return {.kind = core::OutboxKind::mail,
            .at_once = 1,
            .attempt_time = configuration.mail_time,
            .retry_time = configuration.mail_retry_time,
            .patience = configuration.mail_mode == "off" ? Milliseconds(limits::mail_off_time) : Milliseconds::zero()};
}

delivery::WorkerOptions webhook_options(const Configuration& configuration) {
    return {.kind = core::OutboxKind::webhook,
            .at_once = limits::webhooks_at_once,
            .attempt_time = configuration.mail_time,
            .retry_time = configuration.mail_retry_time,
            .patience = Milliseconds::zero()};
}

void add_samples(std::vector<Sample>& samples, std::string_view kind, const delivery::WorkerFigures& figures,
                 Timestamp now) {
    const auto add = [&](std::string name, std::string help, double value, Sample::Kind type, std::string label,
                         std::string word) {
        samples.push_back({std::move(name), std::move(help), value, type, {{"kind", std::string(kind)}}});
        if (!label.empty()) samples.back().labels.emplace_back(std::move(label), std::move(word));
    };
    const auto add_attempts = [&](std::string result, std::int64_t count) {
        add("postern_deliveries_total", "Attempts to deliver mails and webhooks by this node, by what came of them",
            static_cast<double>(count), Sample::Kind::counter, "result", std::move(result));
    };
    const auto add_entries = [&](std::string state, std::int64_t count) {
        add("postern_outbox_entries", "Mails and webhooks that wait, or were given up", static_cast<double>(count),
            Sample::Kind::gauge, "state", std::move(state));
    };
    add_attempts("sent", figures.sent);
    add_attempts("retried", figures.retried);
    add_attempts("failed", figures.failed);
    add_entries("pending", figures.outbox.pending);
    add_entries("failed", figures.outbox.failed);
    const auto oldest = figures.outbox.oldest_pending;
    add("postern_outbox_oldest_seconds", "How long the oldest that waits was queued ago",
        oldest ? std::chrono::duration<double>(now - *oldest).count() : 0, Sample::Kind::gauge, "", "");
}

}  // namespace

Deliveries::Deliveries(const Configuration& configuration, std::unique_ptr<delivery::Sender> mail,
                       std::unique_ptr<delivery::Sender> webhooks, core::Store& store, const Clock& clock)
    : store_(store),
      mail_(mail_options(configuration), std::move(mail), store, clock),
      webhooks_(webhook_options(configuration), std::move(webhooks), store, clock) {}

Deliveries::~Deliveries() {
    stop();
    store_.on_outbox_changed({});
}

Result<std::unique_ptr<Deliveries>> Deliveries::make(const Configuration& configuration, const Environment& environment,
                                                     core::Store& store, const core::SecretDeriver& secrets,
                                                     const core::Text& text, const Clock& clock) {
    std::unique_ptr<delivery::Sender> mail = std::make_unique<delivery::NoMail>();
    auto settings = TRY(mail_settings(configuration, environment, text));
    auto templates = TRY(mail_templates(configuration));
    if (configuration.mail_mode != "off") {
        mail = std::make_unique<delivery::MailSender>(std::move(settings), std::move(templates), store, secrets, text,
                                                      clock);
    }
    auto webhooks = std::make_unique<delivery::WebhookSender>(TRY(webhook_settings(configuration, environment)), clock);
    return std::unique_ptr<Deliveries>(
        new Deliveries(configuration, std::move(mail), std::move(webhooks), store, clock));
}

void Deliveries::start() {
    store_.on_outbox_changed([this] {
        mail_.wake();
        webhooks_.wake();
    });
    mail_.start();
    webhooks_.start();
}

void Deliveries::stop() noexcept {
    mail_.stop();
    webhooks_.stop();
}

void add_delivery_metrics(http::Metrics& metrics, const Deliveries& deliveries, const Clock& clock) {
    metrics.add_collector([&deliveries, &clock] {
        std::vector<Sample> samples;
        const Timestamp now = clock.now();
        add_samples(samples, "mail", deliveries.mail().figures(), now);
        add_samples(samples, "webhook", deliveries.webhooks().figures(), now);
        return samples;
    });
}

}  // namespace postern::app

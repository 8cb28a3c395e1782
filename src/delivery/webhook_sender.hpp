// Webhooks as a worker sends them.
#pragma once

#include "base/clock.hpp"
#include "delivery/sender.hpp"
#include "delivery/webhook.hpp"

namespace postern::delivery {

class WebhookSender final : public Sender {
public:
    WebhookSender(WebhookSettings settings, const Clock& clock) : settings_(std::move(settings)), clock_(clock) {}

    Attempt begin(const core::OutboxEntry& entry) override {
        const auto url = check_webhook_url(entry.recipient);
        if (!url) return Outcome{Outcome::Kind::refused, "The webhook's URL: " + url.error().message};
        return make_webhook_transfer(settings_, entry, clock_.now());
    }

private:
    const WebhookSettings settings_;
    const Clock& clock_;
};

}  // namespace postern::delivery

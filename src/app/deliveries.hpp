// The two workers of a serving node: one for mail, one for webhooks.
#pragma once

#include <memory>

#include "app/configuration.hpp"
#include "core/secrets.hpp"
#include "core/store.hpp"
#include "core/text.hpp"
#include "delivery/worker.hpp"
#include "http/metrics.hpp"

namespace postern::app {

class Deliveries {
public:
    // Reads the secrets and the templates. Everything referred to must outlive it. Errors: those of
    // delivery_settings.hpp.
    static Result<std::unique_ptr<Deliveries>> make(const Configuration& configuration, const Environment& environment,
                                                    core::Store& store, const core::SecretDeriver& secrets,
                                                    const core::Text& text, const Clock& clock);
    ~Deliveries();
    Deliveries(const Deliveries&) = delete;
    Deliveries& operator=(const Deliveries&) = delete;

    void start();
    // No new attempt begins; the destructor waits for those on their way.
    void stop() noexcept;

    [[nodiscard]] const delivery::Worker& mail() const { return mail_; }
    [[nodiscard]] const delivery::Worker& webhooks() const { return webhooks_; }

private:
    Deliveries(const Configuration& configuration, std::unique_ptr<delivery::Sender> mail,
               std::unique_ptr<delivery::Sender> webhooks, core::Store& store, const Clock& clock);

    core::Store& store_;
    delivery::Worker mail_;
    delivery::Worker webhooks_;
};

void add_delivery_metrics(http::Metrics& metrics, const Deliveries& deliveries, const Clock& clock);

}  // namespace postern::app

// Handing one event to a webhook: a signed POST over HTTP.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "delivery/transfer.hpp"

namespace postern::delivery {

struct WebhookSettings {
    SecretString secret;
    bool private_addresses = false;  // whether one may be reached
    std::string user_agent;
    TransferLimits limits;
};

// The value of Postern-Signature: "t=<unix seconds>,v1=<hex>", an HMAC-SHA-256 under the secret of "<t>.<body>". The
// time is signed too, so that a receiver can refuse what was recorded and is played again.
std::string sign_webhook(const SecretString& secret, Timestamp now, std::string_view body);

// Errors: invalid_input "invalid_webhook": no http:// or https:// URL of a plain host, or one with a password in it.
Result<void> check_webhook_url(const std::string& url);

// `entry` is a webhook of the outbox. It is done when the answer is 2xx; a redirect is an error like any other, since
// following it could lead anywhere.
std::unique_ptr<Transfer> make_webhook_transfer(const WebhookSettings& settings, const core::OutboxEntry& entry,
                                                Timestamp now);

}  // namespace postern::delivery

// What the configuration says about mail and webhooks, as the room delivery wants it.
#pragma once

#include "app/configuration.hpp"
#include "core/text.hpp"
#include "delivery/mail_sender.hpp"
#include "delivery/templates.hpp"
#include "delivery/webhook.hpp"

namespace postern::app {

// What can be said without a look at files and variables: values that are not what they should be, or lack another.
// Errors: invalid_input "invalid_configuration".
Result<void> check_delivery(const Configuration& configuration);

// These read files and the environment, so they are asked when a server starts, and by the doctor.
// Errors: invalid_input "invalid_configuration" or "invalid_template".
Result<delivery::MailSettings> mail_settings(const Configuration& configuration, const Environment& environment,
                                             const core::Text& text);
Result<delivery::Templates> mail_templates(const Configuration& configuration);
Result<delivery::WebhookSettings> webhook_settings(const Configuration& configuration, const Environment& environment);

}  // namespace postern::app

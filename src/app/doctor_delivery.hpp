// The doctor's look at mail, webhooks and the outbox.
#pragma once

#include <vector>

#include "app/workplace.hpp"
#include "core/diagnosis.hpp"

namespace postern::app {

// Connects to the mail server, within a few seconds, and sends nothing.
void look_at_delivery(std::vector<core::Finding>& findings, LocalWorkplace& workplace, const Environment& environment,
                      const Clock& clock);

}  // namespace postern::app

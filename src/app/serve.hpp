// `postern serve`.
#pragma once

#include "app/configuration.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace postern::app {

// Serves until SIGTERM or SIGINT, then finishes what it has accepted. Errors: whatever kept it from starting, one
// sentence each.
Result<void> serve(const Overrides& overrides, const Environment& environment, const Clock& clock);

}  // namespace postern::app

// What `postern doctor` looks at.
#pragma once

#include <vector>

#include "app/configuration.hpp"
#include "base/clock.hpp"
#include "core/diagnosis.hpp"

namespace postern::app {

// Changes nothing, and goes on after a problem as far as it can. Every problem comes with advice.
std::vector<core::Finding> diagnose(const Overrides& overrides, const Environment& environment, const Clock& clock);

}  // namespace postern::app

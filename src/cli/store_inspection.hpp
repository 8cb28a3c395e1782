// What this installation knows of a token beyond its signature: its issuer, audience, session and revocation.
#pragma once

#include <string_view>

#include "cli/command.hpp"
#include "core/inspection.hpp"

namespace postern::cli {

// Errors (could not be checked): whatever the store or the master key says.
Result<core::Inspection> inspect_against_store(const Call& call, Workplace& workplace, std::string_view token,
                                               core::InspectionDepth depth);

}  // namespace postern::cli

// Mails as files, for development.
#pragma once

#include <string>

#include "base/result.hpp"
#include "core/records.hpp"

namespace postern::delivery {

// Writes <directory>/<time>-<topic>-<id>.eml, readable by us alone, whole or not at all; makes the directory where it
// is missing. The names sort by the time at which the mails were queued. Gives the path.
// Errors: unavailable, with what the system says.
Result<std::string> write_mail_file(const std::string& directory, const core::OutboxEntry& entry,
                                    const std::string& mail);

}  // namespace postern::delivery

// Files that are there after a power cut, and that only their owner can read.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace postern {

// All of `text`, however often that is interrupted; false when it cannot be written, and errno says why.
bool write_all(int descriptor, std::string_view text);

// A new file of mode 0600, on the disk when this returns. Errors: unavailable, with the reason (disk full, …).
Result<void> write_durably(const std::string& path, std::string_view text);
// The same with what `from` holds.
Result<void> copy_durably(const std::string& from, const std::string& path);

Result<void> sync_file(const std::string& path);
// Of the directory that `path` is in: a new or changed name is there after a power cut, too.
Result<void> sync_directory_of(const std::string& path);

}  // namespace postern

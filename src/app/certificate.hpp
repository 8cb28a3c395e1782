// The TLS certificate, as far as `postern doctor` looks at it.
#pragma once

#include "base/clock.hpp"
#include "core/diagnosis.hpp"

namespace postern::app {

// Whether the files can be read, belong together, and until when the certificate is valid.
core::Finding diagnose_certificate(const std::string& certificate_file, const std::string& key_file, Timestamp now);

}  // namespace postern::app

// A certificate file, apart from any connection.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace postern::http {

// When the first certificate of a PEM file ends. Errors: invalid_input "invalid_tls_files".
Result<Timestamp> read_certificate_end(const std::string& file);

}  // namespace postern::http

#include "cli/jwks_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/limits.hpp"

namespace postern::cli {

Result<std::string> read_jwks_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text(limits::json_text_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad() || (file.gcount() == 0 && !file.eof())) {
        return not_found("jwks_unreadable", "Cannot read " + path + ": " + std::strerror(errno));
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > limits::json_text_bytes) {
        return invalid_input("jwks_unreadable", path + " is larger than " + std::to_string(limits::json_text_bytes) +
                                                    " bytes, so it is no JWKS");
    }
    return text;
}

}  // namespace postern::cli

// SHA-256 (FIPS 180-4), for what others check too: `sha256sum` reads what we write.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace postern {

// Of a text that comes in pieces.
class Sha256 {
public:
    Sha256();
    void add(std::string_view piece);
    // Ends it, in lower-case hexadecimal digits; nothing may be added after.
    std::string finish();

private:
    alignas(8) std::array<std::byte, 128> state_;
};

// Of a file. Errors: unavailable, with the reason.
Result<std::string> sha256_of_file(const std::string& path);

}  // namespace postern

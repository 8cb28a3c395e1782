// The port for passwords that are known to attackers. Implemented by src/crypto. Thread-safe.
#pragma once

#include <string_view>

namespace postern::core {

class Blocklist {
public:
    virtual ~Blocklist() = default;
    // `password` in lower case. Exact: no password that is not on the list is refused.
    [[nodiscard]] virtual bool contains(std::string_view password) const = 0;
};

}  // namespace postern::core

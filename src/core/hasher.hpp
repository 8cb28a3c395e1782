// The password hash port. Implemented by src/crypto. Thread-safe; each call costs tens of milliseconds and the
// memory of the parameters, so it belongs on the hash lane.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace postern::core {

class Hasher {
public:
    virtual ~Hasher() = default;

    // A PHC string under the current parameters. Errors: unavailable, when the memory cannot be had.
    virtual Result<std::string> hash(const SecretString& password) const = 0;
    // Whether `password` is the one. Takes as long whether it is or not. An empty or unusable `stored` is false, at
    // the price of the dummy hash. Errors: unavailable, when the memory cannot be had.
    virtual Result<bool> verify(std::string_view stored, const SecretString& password) const = 0;
    // Whether `stored` was made with weaker parameters than the current ones.
    [[nodiscard]] virtual bool needs_rehash(std::string_view stored) const = 0;
    // A fixed hash under the current parameters that no password fits: what an unknown account is checked against.
    [[nodiscard]] virtual std::string_view dummy() const = 0;
};

}  // namespace postern::core

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
    // Hashes of other systems were made of the password as it was typed, ours of the prepared one (text.hpp), and the
    // text of a hash does not tell: where the two differ, try both, whatever the account, so that nothing can be told
    // from the time.
    virtual Result<bool> verify(std::string_view stored, const SecretString& password) const = 0;
    // Whether `stored` was made with weaker parameters than the current ones.
    [[nodiscard]] virtual bool needs_rehash(std::string_view stored) const = 0;
    // The kind and cost of `stored` in one word, such as "argon2id:m=19456,t=2,p=1" or "pbkdf2-sha256:600000": hashes
    // of one scheme take equally long to check. Empty for what verify() cannot read.
    [[nodiscard]] virtual std::string scheme(std::string_view stored) const = 0;
    // `stored`, which no login has rehashed yet, inside a hash under the current parameters: what it leaves behind
    // holds nothing of the weaker digest. verify() reads it like any other. Errors: invalid_input "not_wrappable", for
    // what is current already or cannot be wrapped; unavailable.
    virtual Result<std::string> wrap(std::string_view stored) const = 0;
    // A fixed hash under the current parameters that no password fits: what an unknown account is checked against.
    [[nodiscard]] virtual std::string_view dummy() const = 0;
};

}  // namespace postern::core

// Passwords hashed with Argon2id (RFC 9106), one lane, in the PHC string format; libsodium does the work.
#pragma once

#include <cstddef>
#include <string>

#include "base/limits.hpp"
#include "core/hasher.hpp"

namespace postern::crypto {

struct Argon2Parameters {
    std::size_t memory_bytes = limits::hash_memory_mib * 1024 * 1024;
    std::size_t iterations = limits::hash_iterations;
};

// Thread-safe. A call holds `memory_bytes` while it runs and gives them back to the system. Passwords are never
// truncated: every byte counts.
class Argon2Hasher final : public core::Hasher {
public:
    // Parameters are the configuration's to judge; those that Argon2 itself cannot do make hash() fail.
    explicit Argon2Hasher(const Argon2Parameters& parameters);

    Result<std::string> hash(const SecretString& password) const override;
    // Any $argon2id$ or $argon2i$ string of version 19, with any parameters, salt length and number of lanes.
    Result<bool> verify(std::string_view stored, const SecretString& password) const override;
    // Also true for another variant of Argon2, and for anything that is no Argon2 string.
    [[nodiscard]] bool needs_rehash(std::string_view stored) const override;
    [[nodiscard]] std::string_view dummy() const override { return dummy_; }

private:
    Argon2Parameters parameters_;
    std::string dummy_;
};

}  // namespace postern::crypto

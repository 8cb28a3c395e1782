// The password hasher: Argon2id (RFC 9106), one lane, in the PHC string format, by libsodium, for every new hash; and
// every text of core/imported_hash.hpp, by the library that knows its scheme, for those that were brought along.
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

// Thread-safe. A call holds the memory of the parameters while it runs and gives it back to the system. Passwords are
// never truncated: every byte counts.
class Argon2Hasher final : public core::Hasher {
public:
    // Parameters are the configuration's to judge; those that Argon2 itself cannot do make hash() fail.
    explicit Argon2Hasher(const Argon2Parameters& parameters);

    Result<std::string> hash(const SecretString& password) const override;
    // Our own costs are the configuration's to bound; what was brought along is unusable past limits::imported_hash_*.
    Result<bool> verify(std::string_view stored, const SecretString& password) const override;
    // True for anything but plain Argon2id of the current parameters or above.
    [[nodiscard]] bool needs_rehash(std::string_view stored) const override;
    [[nodiscard]] std::string scheme(std::string_view stored) const override;
    // Also "not_wrappable": what is wrapped already. The current parameters are those of the outer hash.
    Result<std::string> wrap(std::string_view stored) const override;
    [[nodiscard]] std::string_view dummy() const override { return dummy_; }

private:
    Result<bool> verify_dummy(const SecretString& password) const;
    Result<bool> verify_argon2(std::string_view stored, std::uint64_t memory_kib, const SecretString& password) const;
    Result<bool> verify_wrapped(std::string_view stored, const SecretString& password) const;
    Result<bool> verify_imported(std::string_view stored, const SecretString& password) const;

    Argon2Parameters parameters_;
    std::string dummy_;
};

}  // namespace postern::crypto

// The MAC of our own refresh tokens. Immutable, and for any number of threads at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "crypto/key_memory.hpp"

namespace postern::crypto {

// HS256 (RFC 7518 section 3.2) for our own refresh tokens. A type of its own, so that no public key fits in.
class RefreshMac {
public:
    static constexpr std::size_t secret_bytes = 32;
    using Mac = std::array<std::uint8_t, 32>;

    // Errors: internal, for a secret of another length.
    static Result<RefreshMac> make(KeyBytes secret);

    [[nodiscard]] Mac sign(std::string_view signing_input) const;
    // In constant time.
    [[nodiscard]] bool verify(std::string_view signing_input, std::span<const std::uint8_t> mac) const;

private:
    explicit RefreshMac(KeyBytes secret) : secret_(std::make_shared<const KeyBytes>(std::move(secret))) {}
    std::shared_ptr<const KeyBytes> secret_;
};

}  // namespace postern::crypto

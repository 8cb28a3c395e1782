// Token Status Lists as they are read (draft-ietf-oauth-status-list-20). The lists of this issuer have one bit for each
// token; the decoder knows the other sizes too.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace postern::verify {

// The statuses of a list, `bits` for each, the first in the least significant bits of the first byte (section 4.1).
class Statuses {
public:
    // `packed` is `lst`: zlib data in base64url. Errors: unauthenticated "invalid_status_list", when it is not, when
    // `bits` is none of 1, 2, 4, 8, when it is empty, or when it comes to more than limits::status_list_bytes.
    static Result<Statuses> unpack(unsigned bits, std::string_view packed);

    // How many statuses there are.
    [[nodiscard]] std::size_t size() const { return bytes_.size() * 8 / bits_; }
    // `index` is less than size().
    [[nodiscard]] unsigned at(std::size_t index) const;

    [[nodiscard]] std::span<const std::uint8_t> bytes() const { return bytes_; }
    std::vector<std::uint8_t> take_bytes() && { return std::move(bytes_); }

private:
    Statuses(unsigned bits, std::vector<std::uint8_t> bytes) : bits_(bits), bytes_(std::move(bytes)) {}
    unsigned bits_;
    std::vector<std::uint8_t> bytes_;
};

struct StatusList {
    Statuses statuses;
    Timestamp issued_at;
    Timestamp expires_at;
    Milliseconds time_to_live{};  // how long it may be kept before it is asked for again; 0 when it does not say
};

// The claims of a status list token whose signature has been checked. `uri`: where the list was found, which must be
// its `sub`; an `iss`, which ours do not have, must be `issuer`; it must not have expired, nor be from the future; and
// its statuses have one bit. Errors: unauthenticated "invalid_status_list" or "invalid_token", saying which of these it
// is not.
Result<StatusList> read_status_list(std::span<const std::uint8_t> payload, std::string_view issuer,
                                    std::string_view uri, Timestamp now);

}  // namespace postern::verify

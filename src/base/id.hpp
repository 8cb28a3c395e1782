// Typed 128-bit ids: an AccountId cannot be passed where a SessionId belongs.
// Made by the server as UUIDv7 (RFC 9562 section 5.7), so that keys sort by creation time.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace postern {

using UuidBytes = std::array<std::uint8_t, 16>;

// 48 bits of `now` in milliseconds, the version and variant bits, 74 random bits.
UuidBytes make_uuid_v7(Timestamp now);
// The canonical 8-4-4-4-12 lower-case form.
std::string format_uuid(const UuidBytes& bytes);
// Accepts exactly the canonical form, in either case; nothing otherwise.
std::optional<UuidBytes> parse_uuid(std::string_view text);

template <typename Tag>
struct Id {
    UuidBytes bytes{};

    static Id make(Timestamp now) { return {make_uuid_v7(now)}; }
    static std::optional<Id> parse(std::string_view text) {
        auto parsed = parse_uuid(text);
        return parsed ? std::optional<Id>(Id{*parsed}) : std::nullopt;
    }
    [[nodiscard]] std::string text() const { return format_uuid(bytes); }
    auto operator<=>(const Id&) const = default;
};

}  // namespace postern

template <typename Tag>
struct std::hash<postern::Id<Tag>> {
    std::size_t operator()(const postern::Id<Tag>& id) const noexcept {
        std::size_t value = 0;  // the last eight bytes are random, so they are a hash already
        std::memcpy(&value, id.bytes.data() + 8, sizeof value);
        return value;
    }
};

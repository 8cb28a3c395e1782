// What the administration of the signing keys takes; see messages.hpp.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <optional>
#include <string>

#include "api/admin_messages.hpp"
#include "api/schema.hpp"
#include "core/records.hpp"

namespace postern::api {

// A purpose whose keys rotate.
struct RotatingPurpose {
    core::KeyPurpose purpose = core::KeyPurpose::access;
};
template <>
struct FieldType<RotatingPurpose> {
    using Words =
        WordType<core::KeyPurpose, core::KeyPurpose::access, core::KeyPurpose::refresh, core::KeyPurpose::status_list>;
    static constexpr std::string_view expectation = "access, refresh or status_list";
    static boost::json::object schema() { return Words::schema(); }
    static boost::json::value write(RotatingPurpose value) { return Words::write(value.purpose); }
    static std::optional<RotatingPurpose> read(const boost::json::value& value) {
        const auto purpose = Words::read(value);
        return purpose ? std::optional(RotatingPurpose{*purpose}) : std::nullopt;
    }
};

namespace admin {

struct RotateKeysRequest {
    std::optional<RotatingPurpose> purpose;
    std::optional<bool> now;

    static constexpr std::string_view name = "RotateKeysRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "purpose",
         .description = "Only keys of this purpose; without: of all that rotate",
         .presence = Presence::optional},
        {.field = "now",
         .description =
             "Let the new key sign at once: who has kept the published keys may refuse its tokens for a while",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(RotateKeysRequest, (), (purpose, now))

struct RevokeKeyRequest {
    std::string reason;

    static constexpr std::string_view name = "RevokeKeyRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "reason", .description = "Why, for the audit trail", .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(RevokeKeyRequest, (), (reason))

}  // namespace admin
}  // namespace postern::api

// What the administration of the signing keys takes; see messages.hpp.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <optional>
#include <string>

#include "api/admin_messages.hpp"
#include "api/schema.hpp"
#include "core/records.hpp"

namespace postern::api::admin {

struct RotateKeysRequest {
    std::optional<core::KeyPurpose> purpose;
    std::optional<bool> now;

    static constexpr std::string_view name = "RotateKeysRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "purpose",
         .description = "Only keys of this purpose: access, refresh or status_list; without: all three",
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

}  // namespace postern::api::admin

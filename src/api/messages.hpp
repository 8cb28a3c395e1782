// Every request and response body of the interface. Changing one here changes what is accepted, what is answered and
// what the document says.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/schema.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "core/records.hpp"

namespace postern::api {

struct LoginRequest {
    std::string email;
    SecretString password;
    bool permanent_login = false;

    static constexpr std::string_view name = "LoginRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "email", .description = "Address of the account", .format = "email"},
        {.field = "password", .description = "Password of the account", .minimum_length = 1},
        {.field = "permanent_login",
         .description = "Whether the session should last for months instead of days",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(LoginRequest, (), (email, password, permanent_login))

struct LoginResponse {
    SecretString access_token;
    std::int64_t expires_in = 0;
    SecretString refresh_token;

    static constexpr std::string_view name = "LoginResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "access_token", .description = "JWT that opens the API; send it as Bearer"},
        {.field = "expires_in", .description = "Seconds until the access token expires"},
        {.field = "refresh_token", .description = "JWT that /refresh exchanges for a new pair"},
    });
};
BOOST_DESCRIBE_STRUCT(LoginResponse, (), (access_token, expires_in, refresh_token))

struct RefreshRequest {
    std::optional<SecretString> refresh_token;

    static constexpr std::string_view name = "RefreshRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "refresh_token",
         .description = "The refresh token, for clients that do not send it as Bearer",
         .presence = Presence::optional,
         .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(RefreshRequest, (), (refresh_token))

struct RevokeResponse {
    std::string msg;

    static constexpr std::string_view name = "RevokeResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "msg", .description = "What has been revoked, for a person to read"},
    });
};
BOOST_DESCRIBE_STRUCT(RevokeResponse, (), (msg))

struct VerifyQuery {
    std::optional<std::string> scope;
    std::optional<std::string> role;
    std::optional<std::string> audience;

    static constexpr std::string_view name = "VerifyQuery";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "scope",
         .description = "Scopes that the token must have, all of them; one space between two",
         .presence = Presence::optional,
         .minimum_length = 1},
        {.field = "role",
         .description = "Roles of which the account must have one; one space between two",
         .presence = Presence::optional,
         .minimum_length = 1},
        {.field = "audience",
         .description = "Whom the token must be for; absent: any audience of the server's own",
         .presence = Presence::optional,
         .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(VerifyQuery, (), (scope, role, audience))

struct MeResponse {
    core::AccountId id;
    std::string email;
    std::string display_name;
    std::string locale;
    core::AccountKind kind = core::AccountKind::standard;
    bool admin = false;
    std::vector<std::string> roles;
    std::vector<std::string> scopes;
    bool email_verified = false;
    bool activated = false;
    Timestamp created_at;
    std::optional<Timestamp> last_login_at;
    core::SessionId session_id;

    static constexpr std::string_view name = "MeResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "id", .description = "The account; the sub of its tokens"},
        {.field = "email", .description = "Address as it was given; it may be internationalised"},
        {.field = "display_name", .description = "What to call the holder; may be empty"},
        {.field = "locale", .description = "Language of mail to it; empty for the server's own"},
        {.field = "kind", .description = "demo: signed itself up. standard: made by an administrator or an import"},
        {.field = "admin", .description = "Whether the account administers this server"},
        {.field = "roles", .description = "The account's roles, as an administrator gave them"},
        {.field = "scopes", .description = "What its tokens are for, as an administrator said; their scope"},
        {.field = "email_verified", .description = "Whether the address has been proven"},
        {.field = "activated", .description = "Whether the account has been activated"},
        {.field = "created_at", .description = "When the account was made"},
        {.field = "last_login_at",
         .description = "When the account last logged in; absent until it has",
         .presence = Presence::optional},
        {.field = "session_id", .description = "The session that the access token belongs to; its sid"},
    });
};
BOOST_DESCRIBE_STRUCT(MeResponse, (),
                      (id, email, display_name, locale, kind, admin, roles, scopes, email_verified, activated,
                       created_at, last_login_at, session_id))

// What http::error_response() writes.
struct ErrorResponse {
    std::string error;
    std::optional<std::string> code;

    static constexpr std::string_view name = "ErrorResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "error", .description = "What went wrong, for a person to read"},
        {.field = "code",
         .description = "What went wrong, as a stable word for programs",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(ErrorResponse, (), (error, code))

struct HealthResponse {
    std::string status;

    static constexpr std::string_view name = "HealthResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "status", .description = "ok or ready"},
    });
};
BOOST_DESCRIBE_STRUCT(HealthResponse, (), (status))

}  // namespace postern::api

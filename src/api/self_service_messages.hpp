// The bodies of what people do with their own account: signing up, links, passwords, addresses, sessions.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/schema.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "core/records.hpp"

namespace postern::api {

struct SignUpRequest {
    std::string email;
    SecretString password;
    std::optional<std::string> display_name;
    std::optional<std::string> locale;

    static constexpr std::string_view name = "SignUpRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "email", .description = "Address of the new account", .format = "email"},
        {.field = "password",
         .description = "Its password; what is refused, and why, is told with 400",
         .minimum_length = 1},
        {.field = "display_name", .description = "What to call its holder", .presence = Presence::optional},
        {.field = "locale", .description = "Language of mail to it, such as de", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(SignUpRequest, (), (email, password, display_name, locale))

struct EmailRequest {
    std::string email;

    static constexpr std::string_view name = "EmailRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "email", .description = "Address of the account", .format = "email"},
    });
};
BOOST_DESCRIBE_STRUCT(EmailRequest, (), (email))

struct LinkRequest {
    SecretString token;

    static constexpr std::string_view name = "LinkRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "token", .description = "What the mailed link holds after token=", .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(LinkRequest, (), (token))

struct NewPasswordRequest {
    SecretString token;
    SecretString password;

    static constexpr std::string_view name = "NewPasswordRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "token", .description = "What the mailed link holds after token=", .minimum_length = 1},
        {.field = "password",
         .description = "The new password; what is refused, and why, is told with 400, and the link stays good",
         .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(NewPasswordRequest, (), (token, password))

struct ChangePasswordRequest {
    SecretString current_password;
    SecretString new_password;

    static constexpr std::string_view name = "ChangePasswordRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "current_password", .description = "The password that the account has", .minimum_length = 1},
        {.field = "new_password",
         .description = "The one that it gets; what is refused, and why, is told with 400",
         .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(ChangePasswordRequest, (), (current_password, new_password))

struct ChangeEmailRequest {
    std::string new_email;
    SecretString password;

    static constexpr std::string_view name = "ChangeEmailRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "new_email", .description = "Address that the account should get", .format = "email"},
        {.field = "password", .description = "The password of the account", .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(ChangeEmailRequest, (), (new_email, password))

struct ProfileRequest {
    std::optional<std::string> display_name;
    std::optional<std::string> locale;

    static constexpr std::string_view name = "ProfileRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "display_name",
         .description = "What to call the holder; empty for nothing; left alone when absent",
         .presence = Presence::optional},
        {.field = "locale",
         .description = "Language of mail, such as de; empty for the server's own; left alone when absent",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(ProfileRequest, (), (display_name, locale))

struct PasswordRequest {
    SecretString password;

    static constexpr std::string_view name = "PasswordRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "password", .description = "The password of the account", .minimum_length = 1},
    });
};
BOOST_DESCRIBE_STRUCT(PasswordRequest, (), (password))

struct DoneResponse {
    std::string msg;

    static constexpr std::string_view name = "DoneResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "msg", .description = "What has been done, for a person to read"},
    });
};
BOOST_DESCRIBE_STRUCT(DoneResponse, (), (msg))

struct OwnSession {
    core::SessionId id;
    bool current = false;
    Timestamp created_at;
    Timestamp last_used_at;
    std::string address;
    std::string user_agent;
    bool permanent = false;
    Timestamp expires_at;

    static constexpr std::string_view name = "OwnSession";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "id", .description = "The session; the sid of its tokens"},
        {.field = "current", .description = "Whether the presented access token belongs to it"},
        {.field = "created_at", .description = "When it was opened, by a login"},
        {.field = "last_used_at", .description = "When it was last refreshed, or opened"},
        {.field = "address", .description = "Where the login came from"},
        {.field = "user_agent", .description = "What program logged in, in its own words; may be empty"},
        {.field = "permanent", .description = "Whether it was opened with permanent_login"},
        {.field = "expires_at", .description = "When it ends unless it is refreshed before"},
    });
};
BOOST_DESCRIBE_STRUCT(OwnSession, (),
                      (id, current, created_at, last_used_at, address, user_agent, permanent, expires_at))

struct SessionsResponse {
    std::vector<OwnSession> sessions;

    static constexpr std::string_view name = "SessionsResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "sessions", .description = "The account's live sessions, newest first"},
    });
};
BOOST_DESCRIBE_STRUCT(SessionsResponse, (), (sessions))

}  // namespace postern::api

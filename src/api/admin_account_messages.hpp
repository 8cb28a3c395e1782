// What the administration of accounts takes and answers; see messages.hpp.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/query.hpp"
#include "api/schema.hpp"
#include "base/clock.hpp"
#include "core/accounts.hpp"
#include "core/records.hpp"

namespace postern::api {

template <>
struct FieldType<core::AccountState> : WordType<core::AccountState, core::AccountState::active,
                                                core::AccountState::inactive, core::AccountState::disabled> {
    static constexpr std::string_view expectation = "active, inactive or disabled";
};

// Roles as core::accept_roles() wants them; the document says so, too.
struct Roles {
    std::vector<std::string> words;
};
template <>
struct FieldType<Roles> {
    static constexpr std::string_view expectation = FieldType<std::vector<std::string>>::expectation;
    static boost::json::object schema();
    static boost::json::value write(const Roles& roles) {
        return FieldType<std::vector<std::string>>::write(roles.words);
    }
    static std::optional<Roles> read(const boost::json::value& value) {
        auto words = FieldType<std::vector<std::string>>::read(value);
        return words ? std::optional(Roles{std::move(*words)}) : std::nullopt;
    }
};

// The same for scopes and core::accept_scopes().
struct Scopes {
    std::vector<std::string> words;
};
template <>
struct FieldType<Scopes> {
    static constexpr std::string_view expectation = FieldType<std::vector<std::string>>::expectation;
    static boost::json::object schema();
    static boost::json::value write(const Scopes& scopes) {
        return FieldType<std::vector<std::string>>::write(scopes.words);
    }
    static std::optional<Scopes> read(const boost::json::value& value) {
        auto words = FieldType<std::vector<std::string>>::read(value);
        return words ? std::optional(Scopes{std::move(*words)}) : std::nullopt;
    }
};

// The text of a JSON object, which is passed on as it is.
struct JsonText {
    std::string text;
};
template <>
struct FieldType<JsonText> {
    static constexpr std::string_view expectation = "an object";
    static boost::json::object schema() { return {{"type", "object"}}; }
    static boost::json::value write(const JsonText& json);
    static std::optional<JsonText> read(const boost::json::value& value);
};

namespace admin {

struct AccountsQuery {
    std::string query;
    std::optional<core::AccountKind> kind;
    std::optional<core::AccountState> state;
    std::optional<bool> admin;
    std::optional<Cursor> cursor;
    PageLimit limit;

    static constexpr std::string_view name = "AccountsQuery";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "query",
         .description = "Stands somewhere in the address; letter case is ignored",
         .presence = Presence::optional},
        {.field = "kind", .description = "Only accounts of this kind", .presence = Presence::optional},
        {.field = "state", .description = "Only accounts in this state", .presence = Presence::optional},
        {.field = "admin", .description = "Only administrators, or only others", .presence = Presence::optional},
        {.field = "cursor", .description = "The next_cursor of the page before", .presence = Presence::optional},
        {.field = "limit", .description = "How many to answer with", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(AccountsQuery, (), (query, kind, state, admin, cursor, limit))

struct AccountMessage {
    core::AccountId id;
    std::string email;
    core::AccountKind kind = core::AccountKind::standard;
    core::AccountState state = core::AccountState::inactive;
    bool admin = false;
    Roles roles;
    Scopes scopes;
    JsonText claims;
    std::string display_name;
    std::string locale;
    std::optional<std::string> password_scheme;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> activated_at;
    std::optional<Timestamp> email_verified_at;
    std::optional<Timestamp> disabled_at;
    std::optional<Timestamp> last_login_at;
    std::optional<Timestamp> locked_until;

    static constexpr std::string_view name = "AccountMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "id", .description = "The account; the sub of its tokens"},
        {.field = "email", .description = "Address as it was given"},
        {.field = "kind", .description = "demo: signed itself up. standard: made by an administrator or an import"},
        {.field = "state",
         .description =
             "active: may log in. inactive: not activated, or a demo account that is not verified. disabled: shut out"},
        {.field = "admin", .description = "Whether it administers this server"},
        {.field = "roles", .description = "Its roles, in order"},
        {.field = "scopes", .description = "The scope of its tokens, in order"},
        {.field = "claims", .description = "Further claims of its tokens"},
        {.field = "display_name", .description = "What people call its holder; may be empty"},
        {.field = "locale", .description = "The language of mail to it; empty: the server's"},
        {.field = "password_scheme",
         .description = "How its password is hashed; absent: it has none",
         .presence = Presence::optional},
        {.field = "created_at", .description = "When it was made"},
        {.field = "updated_at", .description = "When it was last changed"},
        {.field = "activated_at",
         .description = "When it was activated; absent: it was not",
         .presence = Presence::optional},
        {.field = "email_verified_at",
         .description = "When its address was proven; absent: it was not",
         .presence = Presence::optional},
        {.field = "disabled_at",
         .description = "When it was disabled; absent: it is not",
         .presence = Presence::optional},
        {.field = "last_login_at",
         .description = "When it last logged in; absent: never",
         .presence = Presence::optional},
        {.field = "locked_until",
         .description = "Too many failed logins: until when only known networks and devices may try. Told of a single "
                        "account only",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(AccountMessage, (),
                      (id, email, kind, state, admin, roles, scopes, claims, display_name, locale, password_scheme,
                       created_at, updated_at, activated_at, email_verified_at, disabled_at, last_login_at,
                       locked_until))

struct AccountsPage {
    std::vector<AccountMessage> accounts;
    std::optional<Cursor> next_cursor;

    static constexpr std::string_view name = "AccountsPage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "accounts", .description = "In the order of their making"},
        {.field = "next_cursor",
         .description = "Where the next page begins; absent on the last",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(AccountsPage, (), (accounts, next_cursor))

struct CreateAccountRequest {
    std::string email;
    core::AccountKind kind = core::AccountKind::standard;
    bool activated = false;
    bool verified = false;
    bool admin = false;
    Roles roles;
    std::string display_name;
    std::string locale;
    bool invite = false;

    static constexpr std::string_view name = "CreateAccountRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "email", .description = "Its address", .format = "email"},
        {.field = "kind",
         .description = "demo must be verified before it may log in, standard activated",
         .presence = Presence::optional},
        {.field = "activated", .description = "Activate it at once", .presence = Presence::optional},
        {.field = "verified", .description = "Take its address for verified", .presence = Presence::optional},
        {.field = "admin", .description = "Make it an administrator", .presence = Presence::optional},
        {.field = "roles", .description = "Words without white space", .presence = Presence::optional},
        {.field = "display_name", .description = "What people call its holder", .presence = Presence::optional},
        {.field = "locale",
         .description = "The language of mail to it, a BCP 47 tag; empty: the server's",
         .presence = Presence::optional},
        {.field = "invite",
         .description = "Mail its holder a link to choose a password, which activates the account",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(CreateAccountRequest, (),
                      (email, kind, activated, verified, admin, roles, display_name, locale, invite))

struct RolesRequest {
    Roles roles;
    std::optional<bool> admin;

    static constexpr std::string_view name = "RolesRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "roles", .description = "All the roles that it is to have; words without white space"},
        {.field = "admin",
         .description = "Whether it is to administer this server; absent: as it is",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(RolesRequest, (), (roles, admin))

struct ScopesRequest {
    Scopes scopes;

    static constexpr std::string_view name = "ScopesRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "scopes", .description = "All the scopes that its tokens are to have; words without white space"},
    });
};
BOOST_DESCRIBE_STRUCT(ScopesRequest, (), (scopes))

struct ClaimsRequest {
    JsonText claims;

    static constexpr std::string_view name = "ClaimsRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "claims",
         .description =
             "All the further claims that its tokens are to have; names of ours and of standards are refused"},
    });
};
BOOST_DESCRIBE_STRUCT(ClaimsRequest, (), (claims))

}  // namespace admin
}  // namespace postern::api

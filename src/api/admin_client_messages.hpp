// What the administration of clients takes and answers; see messages.hpp.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <optional>
#include <string>
#include <vector>

#include "api/admin_account_messages.hpp"
#include "api/query.hpp"
#include "api/schema.hpp"
#include "base/secret.hpp"
#include "core/records.hpp"

namespace postern::api {

// As core::create_client() wants them; the document says so, too.
struct ClientName {
    std::string text;
};
template <>
struct FieldType<ClientName> {
    static constexpr std::string_view expectation = FieldType<std::string>::expectation;
    static boost::json::object schema();
    static boost::json::value write(const ClientName& name) { return boost::json::string(name.text); }
    static std::optional<ClientName> read(const boost::json::value& value) {
        auto text = FieldType<std::string>::read(value);
        return text ? std::optional(ClientName{std::move(*text)}) : std::nullopt;
    }
};

struct Audiences {
    std::vector<std::string> words;
};
template <>
struct FieldType<Audiences> {
    static constexpr std::string_view expectation = FieldType<std::vector<std::string>>::expectation;
    static boost::json::object schema();
    static boost::json::value write(const Audiences& audiences) {
        return FieldType<std::vector<std::string>>::write(audiences.words);
    }
    static std::optional<Audiences> read(const boost::json::value& value) {
        auto words = FieldType<std::vector<std::string>>::read(value);
        return words ? std::optional(Audiences{std::move(*words)}) : std::nullopt;
    }
};

namespace admin {

struct ClientMessage {
    core::ClientId id;
    ClientName name;
    Audiences audiences;
    Scopes scopes;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> disabled_at;

    static constexpr std::string_view schema_name = "ClientMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "id", .description = "Its client_id on the wire; the sub of its tokens"},
        {.field = "name", .description = "What people call it"},
        {.field = "audiences", .description = "The APIs whose tokens it asks about and gets"},
        {.field = "scopes", .description = "What its own tokens may be for"},
        {.field = "created_at", .description = "When it was made"},
        {.field = "updated_at", .description = "When it was last changed"},
        {.field = "disabled_at",
         .description = "When it was disabled; absent: it is not",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(ClientMessage, (), (id, name, audiences, scopes, created_at, updated_at, disabled_at))

struct ClientSecretMessage {
    ClientMessage client;
    SecretString client_secret;

    static constexpr std::string_view name = "ClientSecretMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "client", .description = "The client as it is now"},
        {.field = "client_secret", .description = "Its secret, shown this once and kept nowhere"},
    });
};
BOOST_DESCRIBE_STRUCT(ClientSecretMessage, (), (client, client_secret))

struct ClientsQuery {
    std::optional<Cursor> cursor;
    PageLimit limit;

    static constexpr std::string_view name = "ClientsQuery";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "cursor", .description = "The next_cursor of the page before", .presence = Presence::optional},
        {.field = "limit", .description = "How many to answer with", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(ClientsQuery, (), (cursor, limit))

struct ClientsPage {
    std::vector<ClientMessage> clients;
    std::optional<Cursor> next_cursor;

    static constexpr std::string_view name = "ClientsPage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "clients", .description = "In the order of their making"},
        {.field = "next_cursor",
         .description = "Where the next page begins; absent on the last",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(ClientsPage, (), (clients, next_cursor))

struct CreateClientRequest {
    ClientName name;
    Audiences audiences;
    Scopes scopes;

    static constexpr std::string_view schema_name = "CreateClientRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "name", .description = "What people call it; no other client has that name"},
        {.field = "audiences", .description = "The APIs whose tokens it asks about and gets"},
        {.field = "scopes", .description = "What its own tokens may be for", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(CreateClientRequest, (), (name, audiences, scopes))

struct ChangeClientRequest {
    std::optional<ClientName> name;
    std::optional<Audiences> audiences;
    std::optional<Scopes> scopes;

    static constexpr std::string_view schema_name = "ChangeClientRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "name", .description = "Its new name; absent: as it is", .presence = Presence::optional},
        {.field = "audiences",
         .description = "All the audiences that it is to have; absent: as they are",
         .presence = Presence::optional},
        {.field = "scopes",
         .description = "All the scopes that it is to have; absent: as they are",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(ChangeClientRequest, (), (name, audiences, scopes))

}  // namespace admin
}  // namespace postern::api

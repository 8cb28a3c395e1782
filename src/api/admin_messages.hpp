// What the rest of the administration takes and answers; see messages.hpp.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/admin_account_messages.hpp"
#include "api/query.hpp"
#include "api/schema.hpp"
#include "base/clock.hpp"
#include "core/records.hpp"

namespace postern::api {

template <>
struct FieldType<core::OutboxState>
    : WordType<core::OutboxState, core::OutboxState::pending, core::OutboxState::sent, core::OutboxState::failed> {
    static constexpr std::string_view expectation = "pending, sent or failed";
};

template <>
struct FieldType<core::OutboxKind> : WordType<core::OutboxKind, core::OutboxKind::mail, core::OutboxKind::webhook> {};

template <>
struct FieldType<core::KeyPurpose>
    : WordType<core::KeyPurpose, core::KeyPurpose::access, core::KeyPurpose::refresh, core::KeyPurpose::status_list,
               core::KeyPurpose::audit, core::KeyPurpose::derivation> {};

template <>
struct FieldType<core::KeyAlgorithm>
    : WordType<core::KeyAlgorithm, core::KeyAlgorithm::es256, core::KeyAlgorithm::eddsa, core::KeyAlgorithm::rs256,
               core::KeyAlgorithm::hs256> {};

template <>
struct FieldType<core::KeyState> : WordType<core::KeyState, core::KeyState::next, core::KeyState::active,
                                            core::KeyState::retired, core::KeyState::revoked> {};

namespace admin {

struct DoneResponse {
    std::string msg;

    static constexpr std::string_view name = "DoneResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "msg", .description = "What was done, for a person to read"},
    });
};
BOOST_DESCRIBE_STRUCT(DoneResponse, (), (msg))

// --- Sessions and keys -----------------------------------------------------------------------------------------------

struct SessionMessage {
    core::SessionId id;
    core::AccountId account_id;
    std::string client_id;
    bool live = false;
    bool permanent = false;
    Timestamp created_at;
    Timestamp last_used_at;
    Timestamp idle_deadline;
    Timestamp ends_at;
    std::optional<Timestamp> ended_at;
    std::optional<std::string> end_reason;
    std::string address;
    std::string user_agent;

    static constexpr std::string_view name = "SessionMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "id", .description = "The session; the sid of its tokens"},
        {.field = "account_id", .description = "Whose it is"},
        {.field = "client_id", .description = "The client that logged in"},
        {.field = "live", .description = "Whether it can be refreshed"},
        {.field = "permanent", .description = "Whether it was asked to last"},
        {.field = "created_at", .description = "When the login was"},
        {.field = "last_used_at", .description = "When it was last refreshed"},
        {.field = "idle_deadline", .description = "It ends then, unless it is refreshed before"},
        {.field = "ends_at", .description = "It ends then in any case"},
        {.field = "ended_at", .description = "When it was ended; absent: it was not", .presence = Presence::optional},
        {.field = "end_reason", .description = "Why it was ended", .presence = Presence::optional},
        {.field = "address", .description = "Where the login came from"},
        {.field = "user_agent", .description = "What the login was made with"},
    });
};
BOOST_DESCRIBE_STRUCT(SessionMessage, (),
                      (id, account_id, client_id, live, permanent, created_at, last_used_at, idle_deadline, ends_at,
                       ended_at, end_reason, address, user_agent))

struct SessionsQuery {
    bool ended = false;
    PageLimit limit;

    static constexpr std::string_view name = "SessionsQuery";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "ended", .description = "Those that have ended, too", .presence = Presence::optional},
        {.field = "limit", .description = "How many to answer with", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(SessionsQuery, (), (ended, limit))

struct SessionsList {
    std::vector<SessionMessage> sessions;

    static constexpr std::string_view name = "SessionsList";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "sessions", .description = "Newest first"},
    });
};
BOOST_DESCRIBE_STRUCT(SessionsList, (), (sessions))

struct EndedResponse {
    std::int64_t ended = 0;

    static constexpr std::string_view name = "EndedResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "ended", .description = "How many sessions this has ended"},
    });
};
BOOST_DESCRIBE_STRUCT(EndedResponse, (), (ended))

struct KeyMessage {
    std::string kid;
    core::KeyPurpose purpose = core::KeyPurpose::access;
    core::KeyAlgorithm algorithm = core::KeyAlgorithm::es256;
    core::KeyState state = core::KeyState::active;
    Timestamp created_at;
    std::optional<Timestamp> expires_at;
    std::optional<Timestamp> revoked_at;
    std::optional<JsonText> public_jwk;

    static constexpr std::string_view name = "KeyMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "kid", .description = "RFC 7638 thumbprint"},
        {.field = "purpose", .description = "What it is for"},
        {.field = "algorithm", .description = "JWA name"},
        {.field = "state",
         .description = "next: published, and signs soon. active: signs and verifies. retired: only verifies. "
                        "revoked: neither"},
        {.field = "created_at", .description = "When it was made"},
        {.field = "expires_at",
         .description = "When the last token that it made has expired",
         .presence = Presence::optional},
        {.field = "revoked_at", .description = "When it was revoked", .presence = Presence::optional},
        {.field = "public_jwk",
         .description = "Its public half, of keys that have one",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(KeyMessage, (), (kid, purpose, algorithm, state, created_at, expires_at, revoked_at, public_jwk))

struct KeysList {
    std::vector<KeyMessage> keys;

    static constexpr std::string_view name = "KeysList";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "keys", .description = "All signing keys"},
    });
};
BOOST_DESCRIBE_STRUCT(KeysList, (), (keys))

// --- Audit and outbox ------------------------------------------------------------------------------------------------

struct AuditQuery {
    std::optional<core::AccountId> account;
    std::string event;
    std::optional<Cursor> cursor;
    PageLimit limit;

    static constexpr std::string_view name = "AuditQuery";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "account", .description = "Only what concerns this account", .presence = Presence::optional},
        {.field = "event", .description = "Only this event, the whole word", .presence = Presence::optional},
        {.field = "cursor", .description = "The next_cursor of the page before", .presence = Presence::optional},
        {.field = "limit", .description = "How many to answer with", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(AuditQuery, (), (account, event, cursor, limit))

struct AuditMessage {
    core::AuditId id;
    Timestamp at;
    std::string event;
    std::string outcome;
    std::string actor;
    std::optional<core::AccountId> account_id;
    std::optional<core::SessionId> session_id;
    std::string address;
    std::string user_agent;
    std::string detail;
    std::int64_t count = 0;
    std::optional<std::int64_t> sequence;

    static constexpr std::string_view name = "AuditMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "id", .description = "The record"},
        {.field = "at", .description = "When it happened"},
        {.field = "event", .description = "What happened, a stable word"},
        {.field = "outcome", .description = "success, or the reason as a stable word"},
        {.field = "actor", .description = "Who did it: an account, cli:<user>, or system"},
        {.field = "account_id", .description = "Whom it concerns", .presence = Presence::optional},
        {.field = "session_id", .description = "Which session it concerns", .presence = Presence::optional},
        {.field = "address", .description = "Where it came from; empty: unknown, or erased"},
        {.field = "user_agent", .description = "What it was done with"},
        {.field = "detail", .description = "What else is worth telling"},
        {.field = "count", .description = "How many like it this record stands for"},
        {.field = "sequence",
         .description = "Its place in the chain; absent until it is sealed",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(AuditMessage, (),
                      (id, at, event, outcome, actor, account_id, session_id, address, user_agent, detail, count,
                       sequence))

struct AuditPage {
    std::vector<AuditMessage> records;
    std::optional<Cursor> next_cursor;

    static constexpr std::string_view name = "AuditPage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "records", .description = "Newest first"},
        {.field = "next_cursor",
         .description = "Where the next page begins; absent on the last",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(AuditPage, (), (records, next_cursor))

struct OutboxQuery {
    std::optional<core::OutboxState> state;
    std::optional<Cursor> cursor;
    PageLimit limit;

    static constexpr std::string_view name = "OutboxQuery";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "state", .description = "Only entries in this state", .presence = Presence::optional},
        {.field = "cursor", .description = "The next_cursor of the page before", .presence = Presence::optional},
        {.field = "limit", .description = "How many to answer with", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(OutboxQuery, (), (state, cursor, limit))

struct OutboxMessage {
    core::OutboxId id;
    core::OutboxKind kind = core::OutboxKind::mail;
    std::string topic;
    core::OutboxState state = core::OutboxState::pending;
    std::optional<core::AccountId> account_id;
    std::string recipient;
    Timestamp created_at;
    Timestamp due_at;
    std::int64_t attempts = 0;
    std::string last_error;
    std::optional<Timestamp> finished_at;

    static constexpr std::string_view name = "OutboxMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "id", .description = "The entry"},
        {.field = "kind", .description = "mail or webhook"},
        {.field = "topic", .description = "The template of a mail, or the event of a webhook"},
        {.field = "state", .description = "pending: is still to be sent. failed: given up"},
        {.field = "account_id", .description = "Whom it concerns", .presence = Presence::optional},
        {.field = "recipient", .description = "The address, or the URL"},
        {.field = "created_at", .description = "When it was queued"},
        {.field = "due_at", .description = "When it is tried next"},
        {.field = "attempts", .description = "How often it was tried"},
        {.field = "last_error", .description = "What the last attempt met; empty: nothing"},
        {.field = "finished_at", .description = "When it was sent or given up", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(OutboxMessage, (),
                      (id, kind, topic, state, account_id, recipient, created_at, due_at, attempts, last_error,
                       finished_at))

struct OutboxPage {
    std::vector<OutboxMessage> entries;
    std::optional<Cursor> next_cursor;

    static constexpr std::string_view name = "OutboxPage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "entries", .description = "Newest first"},
        {.field = "next_cursor",
         .description = "Where the next page begins; absent on the last",
         .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(OutboxPage, (), (entries, next_cursor))

// --- Throttle --------------------------------------------------------------------------------------------------------

struct LockedAccount {
    core::AccountId account_id;
    std::string email;
    std::int64_t failures = 0;
    Timestamp locked_until;

    static constexpr std::string_view name = "LockedAccount";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "account_id", .description = "The account"},
        {.field = "email", .description = "Its address"},
        {.field = "failures", .description = "Failed logins in a row, from anywhere"},
        {.field = "locked_until", .description = "Until then only known networks and devices may try"},
    });
};
BOOST_DESCRIBE_STRUCT(LockedAccount, (), (account_id, email, failures, locked_until))

struct ThrottledNetworkMessage {
    std::string network;
    std::int64_t failures = 0;
    Timestamp throttled_until;

    static constexpr std::string_view name = "ThrottledNetworkMessage";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "network", .description = "An address, or an IPv6 /64"},
        {.field = "failures", .description = "Failed logins within the window"},
        {.field = "throttled_until", .description = "When its next attempt is let through"},
    });
};
BOOST_DESCRIBE_STRUCT(ThrottledNetworkMessage, (), (network, failures, throttled_until))

struct ThrottleResponse {
    std::vector<LockedAccount> accounts;
    std::int64_t unknown_addresses = 0;
    std::vector<ThrottledNetworkMessage> networks;

    static constexpr std::string_view name = "ThrottleResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "accounts", .description = "Accounts that are locked, most failures first"},
        {.field = "unknown_addresses", .description = "Addresses that are locked and for which no account was found"},
        {.field = "networks", .description = "Networks that this node throttles, most failures first"},
    });
};
BOOST_DESCRIBE_STRUCT(ThrottleResponse, (), (accounts, unknown_addresses, networks))

}  // namespace admin
}  // namespace postern::api

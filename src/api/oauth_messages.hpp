// What the OAuth endpoints take and answer; see messages.hpp. The names are those of the RFCs.
#pragma once

#include <array>
#include <boost/describe/class.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/schema.hpp"
#include "base/secret.hpp"

namespace postern::api {

inline constexpr Note client_id_note{
    .field = "client_id", .description = "The client, unless HTTP Basic names it", .presence = Presence::optional};
inline constexpr Note client_secret_note{
    .field = "client_secret", .description = "Its secret, unless HTTP Basic shows it", .presence = Presence::optional};
inline constexpr Note token_type_hint_note{.field = "token_type_hint",
                                           .description = "access_token or refresh_token; no more than a hint",
                                           .presence = Presence::optional};

// RFC 7662 section 2.1.
struct IntrospectionRequest {
    SecretString token;
    std::optional<std::string> token_type_hint;
    std::optional<std::string> client_id;
    std::optional<SecretString> client_secret;

    static constexpr std::string_view name = "IntrospectionRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "token", .description = "The access token to ask about", .minimum_length = 1},
        token_type_hint_note,
        client_id_note,
        client_secret_note,
    });
};
BOOST_DESCRIBE_STRUCT(IntrospectionRequest, (), (token, token_type_hint, client_id, client_secret))

// RFC 7662 section 2.2. The account's custom claims stand beside these.
struct IntrospectionResponse {
    bool active = false;
    std::optional<std::string> scope;
    std::optional<std::string> client_id;
    std::optional<std::string> token_type;
    std::optional<std::int64_t> exp;
    std::optional<std::int64_t> iat;
    std::optional<std::string> sub;
    std::optional<std::vector<std::string>> aud;
    std::optional<std::string> iss;
    std::optional<std::string> jti;
    std::optional<std::string> sid;
    std::optional<std::vector<std::string>> roles;

    static constexpr std::string_view name = "IntrospectionResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "active", .description = "Whether the token is good now; the rest is only told of one that is"},
        {.field = "scope", .description = "What it may be used for", .presence = Presence::optional},
        {.field = "client_id", .description = "Who it was given to", .presence = Presence::optional},
        {.field = "token_type", .description = "Bearer", .presence = Presence::optional},
        {.field = "exp", .description = "When it expires, in seconds since 1970", .presence = Presence::optional},
        {.field = "iat", .description = "When it was made", .presence = Presence::optional},
        {.field = "sub",
         .description = "The account, or the client that speaks for itself",
         .presence = Presence::optional},
        {.field = "aud", .description = "The APIs that it is for", .presence = Presence::optional},
        {.field = "iss", .description = "Who made it", .presence = Presence::optional},
        {.field = "jti", .description = "The token's id", .presence = Presence::optional},
        {.field = "sid", .description = "The session; a client's own token has none", .presence = Presence::optional},
        {.field = "roles", .description = "The account's roles", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(IntrospectionResponse, (),
                      (active, scope, client_id, token_type, exp, iat, sub, aud, iss, jti, sid, roles))

// RFC 7009 section 2.1.
struct RevocationRequest {
    SecretString token;
    std::optional<std::string> token_type_hint;
    std::optional<std::string> client_id;
    std::optional<SecretString> client_secret;

    static constexpr std::string_view name = "RevocationRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "token", .description = "The access or refresh token to revoke", .minimum_length = 1},
        token_type_hint_note,
        client_id_note,
        client_secret_note,
    });
};
BOOST_DESCRIBE_STRUCT(RevocationRequest, (), (token, token_type_hint, client_id, client_secret))

// RFC 6749 sections 4.4.2 and 6, RFC 8707 section 2.
struct GrantRequest {
    std::string grant_type;
    std::optional<SecretString> refresh_token;
    std::optional<std::string> scope;
    std::optional<std::string> resource;
    std::optional<std::string> audience;
    std::optional<std::string> client_id;
    std::optional<SecretString> client_secret;

    static constexpr std::string_view name = "GrantRequest";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "grant_type", .description = "refresh_token or client_credentials", .minimum_length = 1},
        {.field = "refresh_token",
         .description = "With refresh_token: the one to exchange",
         .presence = Presence::optional},
        {.field = "scope",
         .description = "What the token is to be for, words with one space between; without, all that it may be",
         .presence = Presence::optional},
        {.field = "resource",
         .description =
             "With client_credentials: the one API that the token is to be for; without, all of the client's",
         .presence = Presence::optional},
        {.field = "audience", .description = "Another name for resource", .presence = Presence::optional},
        client_id_note,
        client_secret_note,
    });
};
BOOST_DESCRIBE_STRUCT(GrantRequest, (),
                      (grant_type, refresh_token, scope, resource, audience, client_id, client_secret))

// RFC 6749 section 5.1.
struct GrantResponse {
    SecretString access_token;
    std::string token_type = "Bearer";
    std::int64_t expires_in = 0;
    std::optional<SecretString> refresh_token;
    std::optional<std::string> scope;

    static constexpr std::string_view name = "GrantResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "access_token", .description = "JWT that opens the API; send it as Bearer"},
        {.field = "token_type", .description = "Bearer"},
        {.field = "expires_in", .description = "Seconds until it expires"},
        {.field = "refresh_token", .description = "With refresh_token: the next one", .presence = Presence::optional},
        {.field = "scope", .description = "What the token may be used for", .presence = Presence::optional},
    });
};
BOOST_DESCRIBE_STRUCT(GrantResponse, (), (access_token, token_type, expires_in, refresh_token, scope))

// RFC 6749 section 5.2.
struct OAuthErrorResponse {
    std::string error;
    std::string error_description;

    static constexpr std::string_view name = "OAuthErrorResponse";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "error", .description = "What went wrong, as the word of the RFC"},
        {.field = "error_description", .description = "What went wrong, for a person to read"},
    });
};
BOOST_DESCRIBE_STRUCT(OAuthErrorResponse, (), (error, error_description))

// RFC 8414 section 2: what there is, and nothing else.
struct ServerMetadata {
    std::string issuer;
    std::string token_endpoint;
    std::string jwks_uri;
    std::vector<std::string> response_types_supported;
    std::vector<std::string> grant_types_supported;
    std::vector<std::string> token_endpoint_auth_methods_supported;
    std::string revocation_endpoint;
    std::vector<std::string> revocation_endpoint_auth_methods_supported;
    std::string introspection_endpoint;
    std::vector<std::string> introspection_endpoint_auth_methods_supported;

    static constexpr std::string_view name = "ServerMetadata";
    static constexpr auto notes = std::to_array<Note>({
        {.field = "issuer", .description = "The iss of the tokens"},
        {.field = "token_endpoint", .description = "Where refresh_token and client_credentials are exchanged"},
        {.field = "jwks_uri", .description = "The public keys"},
        {.field = "response_types_supported", .description = "None: there is no authorization endpoint"},
        {.field = "grant_types_supported", .description = "What token_endpoint takes"},
        {.field = "token_endpoint_auth_methods_supported", .description = "How clients prove themselves there"},
        {.field = "revocation_endpoint", .description = "RFC 7009"},
        {.field = "revocation_endpoint_auth_methods_supported", .description = "How clients prove themselves there"},
        {.field = "introspection_endpoint", .description = "RFC 7662"},
        {.field = "introspection_endpoint_auth_methods_supported", .description = "How clients prove themselves there"},
    });
};
BOOST_DESCRIBE_STRUCT(ServerMetadata, (),
                      (issuer, token_endpoint, jwks_uri, response_types_supported, grant_types_supported,
                       token_endpoint_auth_methods_supported, revocation_endpoint,
                       revocation_endpoint_auth_methods_supported, introspection_endpoint,
                       introspection_endpoint_auth_methods_supported))

}  // namespace postern::api

#include "store/schema.hpp"

#include <array>

namespace postern::store {
namespace {

// Ids are UUIDv7 as 16 bytes. A `change` is the change number of the transaction that last wrote the row; see feed.hpp.
// NOT NULL stands everywhere but on what is truly optional, keys included: SQLite would let NULL into them.
constexpr std::string_view first_schema = R"sql(
CREATE TABLE settings (
    name {text} NOT NULL PRIMARY KEY,
    value {bytes} NOT NULL
){strict};

CREATE TABLE change_counter (
    id {int64} NOT NULL PRIMARY KEY CHECK (id = 1),
    value {int64} NOT NULL
){strict};
INSERT INTO change_counter (id, value) VALUES (1, 0);

CREATE TABLE accounts (
    id {bytes} NOT NULL PRIMARY KEY,
    email_key {text} NOT NULL UNIQUE,
    email {text} NOT NULL,
    kind {text} NOT NULL CHECK (kind IN ('demo', 'standard')),
    admin {int64} NOT NULL CHECK (admin IN (0, 1)),
    password_hash {text} NOT NULL,
    security_version {int64} NOT NULL,
    created_at {int64} NOT NULL,
    updated_at {int64} NOT NULL,
    activated_at {int64},
    email_verified_at {int64},
    disabled_at {int64},
    last_login_at {int64}
){strict};
CREATE INDEX accounts_admins ON accounts (id) WHERE admin = 1;

CREATE TABLE sessions (
    id {bytes} NOT NULL PRIMARY KEY,
    account_id {bytes} NOT NULL REFERENCES accounts (id),
    client_id {text} NOT NULL,
    counter {int64} NOT NULL,
    permanent {int64} NOT NULL CHECK (permanent IN (0, 1)),
    created_at {int64} NOT NULL,
    last_used_at {int64} NOT NULL,
    idle_time {int64} NOT NULL,
    idle_deadline {int64} NOT NULL,
    ends_at {int64} NOT NULL,
    ended_at {int64},
    end_reason {text} NOT NULL,
    address {text} NOT NULL,
    user_agent {text} NOT NULL
){strict};
CREATE INDEX sessions_of_account ON sessions (account_id, id);
CREATE INDEX sessions_live ON sessions (account_id, id) WHERE ended_at IS NULL;
CREATE INDEX sessions_over ON sessions ((COALESCE(ended_at, idle_deadline)));

CREATE TABLE token_lists (
    id {bytes} NOT NULL PRIMARY KEY,
    kid {text} NOT NULL,
    opened_at {int64} NOT NULL,
    expires_at {int64} NOT NULL,
    slots {int64} NOT NULL CHECK (slots > 0),
    revoked_at {int64},
    change {int64} NOT NULL
){strict};
CREATE INDEX token_lists_change ON token_lists (change);

-- No reference to sessions: a slot outlives a deleted account, because it holds the revocation. None to token_lists:
-- on PostgreSQL every issuance of every node would lock the same row for it.
CREATE TABLE token_slots (
    list_id {bytes} NOT NULL,
    idx {int64} NOT NULL CHECK (idx >= 0),
    session_id {bytes} NOT NULL,
    counter {int64} NOT NULL,
    jti {bytes} NOT NULL,
    issued_at {int64} NOT NULL,
    expires_at {int64} NOT NULL,
    revoked_at {int64},
    revoke_reason {text},
    revoke_change {int64},
    PRIMARY KEY (list_id, idx)
){strict};
CREATE INDEX token_slots_of_session ON token_slots (session_id, counter);
-- The feed reads what was revoked lately, and at start what is revoked in each list: from the indexes alone.
CREATE INDEX token_slots_revoke_change ON token_slots (revoke_change, list_id, idx) WHERE revoke_change IS NOT NULL;
CREATE INDEX token_slots_revoked ON token_slots (list_id, idx, revoke_change) WHERE revoke_change IS NOT NULL;

CREATE TABLE signing_keys (
    kid {text} NOT NULL PRIMARY KEY,
    purpose {text} NOT NULL CHECK (purpose IN ('access', 'refresh', 'status_list')),
    algorithm {text} NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256', 'HS256')),
    state {text} NOT NULL CHECK (state IN ('active', 'retired', 'revoked')),
    public_jwk {text} NOT NULL,
    sealed {bytes} NOT NULL,
    master_key_id {text} NOT NULL,
    created_at {int64} NOT NULL,
    expires_at {int64},
    revoked_at {int64},
    change {int64} NOT NULL
){strict};

CREATE TABLE audit_records (
    id {bytes} NOT NULL PRIMARY KEY,
    at {int64} NOT NULL,
    event {text} NOT NULL,
    actor {text} NOT NULL,
    account_id {bytes},
    session_id {bytes},
    address {text} NOT NULL,
    outcome {text} NOT NULL
){strict};
)sql";

// What accounts need to live on their own: mail, its links, the throttle, a chained audit trail. Older binaries do not
// know the new purposes of keys.
// A version 1 hash is $argon2id$v=19$<parameters>$<22 characters>$<43 characters>: the scheme is cut out of it.
constexpr std::string_view account_life = R"sql(
ALTER TABLE accounts ADD COLUMN password_scheme {text} NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN display_name {text} NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN locale {text} NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN roles {text} NOT NULL DEFAULT '';
UPDATE accounts SET password_scheme = 'argon2id:' || substr(password_hash, 16, length(password_hash) - 82)
    WHERE password_hash LIKE '$argon2id$v=19$%';
CREATE INDEX accounts_schemes ON accounts (password_scheme, id);

CREATE TABLE signing_keys_2 (
    kid {text} NOT NULL PRIMARY KEY,
    purpose {text} NOT NULL CHECK (purpose IN ('access', 'refresh', 'status_list', 'audit', 'derivation')),
    algorithm {text} NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256', 'HS256')),
    state {text} NOT NULL CHECK (state IN ('active', 'retired', 'revoked')),
    public_jwk {text} NOT NULL,
    sealed {bytes} NOT NULL,
    master_key_id {text} NOT NULL,
    created_at {int64} NOT NULL,
    expires_at {int64},
    revoked_at {int64},
    change {int64} NOT NULL
){strict};
INSERT INTO signing_keys_2 (kid, purpose, algorithm, state, public_jwk, sealed, master_key_id, created_at, expires_at,
    revoked_at, change) SELECT kid, purpose, algorithm, state, public_jwk, sealed, master_key_id, created_at,
    expires_at, revoked_at, change FROM signing_keys;
DROP TABLE signing_keys;
ALTER TABLE signing_keys_2 RENAME TO signing_keys;

CREATE TABLE mail_tokens (
    id {bytes} NOT NULL PRIMARY KEY,
    account_id {bytes} NOT NULL,
    purpose {text} NOT NULL CHECK (purpose IN ('verify_email', 'reset_password', 'accept_invitation', 'change_email')),
    secret_hash {bytes} NOT NULL,
    email_key {text} NOT NULL,
    email {text} NOT NULL,
    created_at {int64} NOT NULL,
    expires_at {int64} NOT NULL
){strict};
CREATE INDEX mail_tokens_of_account ON mail_tokens (account_id, id);
CREATE INDEX mail_tokens_expiry ON mail_tokens (expires_at);

CREATE TABLE outbox (
    id {bytes} NOT NULL PRIMARY KEY,
    kind {text} NOT NULL CHECK (kind IN ('mail', 'webhook')),
    topic {text} NOT NULL,
    account_id {bytes},
    recipient {text} NOT NULL,
    payload {text} NOT NULL,
    token_id {bytes},
    created_at {int64} NOT NULL,
    due_at {int64} NOT NULL,
    attempts {int64} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('pending', 'sent', 'failed')),
    last_error {text} NOT NULL,
    finished_at {int64}
){strict};
CREATE INDEX outbox_due ON outbox (kind, due_at) WHERE state = 'pending';
CREATE INDEX outbox_unsent ON outbox (state, id) WHERE state <> 'sent';
CREATE INDEX outbox_finished ON outbox (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX outbox_of_account ON outbox (account_id, created_at);

CREATE TABLE login_failures (
    email_digest {bytes} NOT NULL PRIMARY KEY,
    count {int64} NOT NULL,
    last_at {int64} NOT NULL
){strict};
CREATE INDEX login_failures_age ON login_failures (last_at);

CREATE TABLE known_networks (
    account_id {bytes} NOT NULL,
    network {text} NOT NULL,
    last_at {int64} NOT NULL,
    PRIMARY KEY (account_id, network)
){strict};

CREATE TABLE leases (
    name {text} NOT NULL PRIMARY KEY,
    holder {text} NOT NULL,
    until {int64} NOT NULL
){strict};

ALTER TABLE audit_records ADD COLUMN user_agent {text} NOT NULL DEFAULT '';
ALTER TABLE audit_records ADD COLUMN detail {text} NOT NULL DEFAULT '';
ALTER TABLE audit_records ADD COLUMN count {int64} NOT NULL DEFAULT 1;
ALTER TABLE audit_records ADD COLUMN salt {bytes};
ALTER TABLE audit_records ADD COLUMN personal_digest {bytes};
ALTER TABLE audit_records ADD COLUMN sequence {int64};
ALTER TABLE audit_records ADD COLUMN chain {bytes};
CREATE UNIQUE INDEX audit_records_sequence ON audit_records (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX audit_records_unsealed ON audit_records (id) WHERE sequence IS NULL;
CREATE INDEX audit_records_of_account ON audit_records (account_id, id);
CREATE INDEX audit_records_event ON audit_records (event, id);

CREATE TABLE audit_checkpoints (
    sequence {int64} NOT NULL PRIMARY KEY,
    chain {bytes} NOT NULL,
    at {int64} NOT NULL,
    kid {text} NOT NULL,
    signature {bytes} NOT NULL
){strict};
)sql";

// What resource servers need: clients, tokens that say more, keys that wait for their turn. Older binaries cannot read
// a key that is `next`: one that joined after a rotation began would not start, and one that went on with the keys it
// knew would refuse the tokens of the new one. change_marks: the change number of the transaction that last wrote to a
// table, for the feed, where rows are deleted and need no change number of their own.
constexpr std::string_view resource_servers = R"sql(
ALTER TABLE accounts ADD COLUMN scopes {text} NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN custom_claims {text} NOT NULL DEFAULT '';

CREATE TABLE signing_keys_3 (
    kid {text} NOT NULL PRIMARY KEY,
    purpose {text} NOT NULL CHECK (purpose IN ('access', 'refresh', 'status_list', 'audit', 'derivation')),
    algorithm {text} NOT NULL CHECK (algorithm IN ('ES256', 'EdDSA', 'RS256', 'HS256')),
    state {text} NOT NULL CHECK (state IN ('next', 'active', 'retired', 'revoked')),
    public_jwk {text} NOT NULL,
    sealed {bytes} NOT NULL,
    master_key_id {text} NOT NULL,
    created_at {int64} NOT NULL,
    expires_at {int64},
    revoked_at {int64},
    change {int64} NOT NULL
){strict};
INSERT INTO signing_keys_3 (kid, purpose, algorithm, state, public_jwk, sealed, master_key_id, created_at, expires_at,
    revoked_at, change) SELECT kid, purpose, algorithm, state, public_jwk, sealed, master_key_id, created_at,
    expires_at, revoked_at, change FROM signing_keys;
DROP TABLE signing_keys;
ALTER TABLE signing_keys_3 RENAME TO signing_keys;

CREATE TABLE clients (
    id {bytes} NOT NULL PRIMARY KEY,
    name {text} NOT NULL UNIQUE,
    secret_hash {bytes} NOT NULL,
    audiences {text} NOT NULL,
    scopes {text} NOT NULL,
    created_at {int64} NOT NULL,
    updated_at {int64} NOT NULL,
    disabled_at {int64}
){strict};

CREATE TABLE change_marks (
    name {text} NOT NULL PRIMARY KEY,
    change {int64} NOT NULL
){strict};
INSERT INTO change_marks (name, change) VALUES ('clients', 0);
)sql";

// The sweep finds sign-ups that nobody confirmed without reading every account. Older binaries need not know.
constexpr std::string_view unconfirmed_sign_ups = R"sql(
CREATE INDEX accounts_unconfirmed ON accounts (updated_at)
    WHERE kind = 'demo' AND email_verified_at IS NULL AND activated_at IS NULL;
)sql";

// Every login asks whether anybody has logged in from its network. Older binaries need not know.
constexpr std::string_view networks_by_name = R"sql(
CREATE INDEX known_networks_by_network ON known_networks (network);
)sql";

constexpr std::array scripts{SchemaScript{1, 1, first_schema}, SchemaScript{2, 2, account_life},
                             SchemaScript{3, 3, resource_servers}, SchemaScript{4, 3, unconfirmed_sign_ups},
                             SchemaScript{5, 3, networks_by_name}};

}  // namespace

std::span<const SchemaScript> schema_scripts() {
    return scripts;
}

}  // namespace postern::store

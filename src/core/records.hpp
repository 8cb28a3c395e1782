// The records that the rules work on, as the store keeps them. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/secret.hpp"

namespace postern::core {

using AccountId = Id<struct AccountTag>;
using SessionId = Id<struct SessionTag>;
using TokenId = Id<struct TokenTag>;  // the jti of an access token
using ListId = Id<struct ListTag>;    // a revocation list
using AuditId = Id<struct AuditTag>;
using MailTokenId = Id<struct MailTokenTag>;
using OutboxId = Id<struct OutboxTag>;
using ClientId = Id<struct ClientTag>;

// demo: signed itself up, must verify its email. standard: made by an administrator or an import, must be activated.
enum class AccountKind { demo, standard };

struct Account {
    AccountId id;
    std::string email_key;  // what makes it unique: ASCII local part lower-cased, domain by UTS #46
    std::string email;      // as it was given; mail goes here only
    AccountKind kind = AccountKind::standard;
    bool admin = false;
    std::string password_hash;        // what Hasher::verify() reads; empty: no password can log in
    std::string password_scheme;      // Hasher::scheme() of it: what it costs; empty when there is none
    std::string display_name;         // what people call the holder; empty: not told
    std::string locale;               // language of mail to it, a BCP 47 tag; empty: the server's own
    std::vector<std::string> roles;   // sorted, each once; words without white space
    std::vector<std::string> scopes;  // likewise: the `scope` of its tokens
    std::string custom_claims;        // further claims of its tokens: the text of a JSON object; empty: none
    // Goes up whenever something that a login in flight relied on changes: password, disable, role. A login finishes
    // only against the version that it read.
    std::int64_t security_version = 1;
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> activated_at;
    std::optional<Timestamp> email_verified_at;
    std::optional<Timestamp> disabled_at;
    std::optional<Timestamp> last_login_at;
};

struct Session {
    SessionId id;
    AccountId account_id;
    std::string client_id;
    // The one refresh token that is current is (id, counter). Everything about refresh follows from this number and
    // the slots of the session; see sessions.hpp.
    std::int64_t counter = 1;
    bool permanent = false;
    Timestamp created_at;
    Timestamp last_used_at;
    // Fixed at login: without a refresh for idle_time it ends, and at ends_at in any case.
    Milliseconds idle_time{};
    Timestamp idle_deadline;
    Timestamp ends_at;
    std::optional<Timestamp> ended_at;
    std::string end_reason;  // a RevocationReason's word; empty while it lives
    std::string address;     // where the login came from
    std::string user_agent;
};

// Where an access token's revocation bit is: the `status.status_list` of RFC 9068 tokens of ours.
struct SlotRef {
    ListId list;
    std::uint32_t index = 0;
    bool operator==(const SlotRef&) const = default;
};

// One issuance. Its row lives until its list's window has passed, which is longer than the refresh grace; so the slots
// of a session also remember when each counter was issued and what the newest child was.
struct Slot {
    SlotRef ref;
    SessionId session_id;      // a client's own token has no session: session_of(client) stands here
    std::int64_t counter = 0;  // of the refresh token that was issued with it; 0 without one
    TokenId token_id;
    Timestamp issued_at;
    Timestamp expires_at;
    std::optional<Timestamp> revoked_at;
    std::string revoke_reason;
};

// audit signs the chain of audit records; derivation makes the secrets of mailed links and device cookies
// (secrets.hpp).
enum class KeyPurpose { access, refresh, status_list, audit, derivation };
enum class KeyAlgorithm { es256, eddsa, rs256, hs256 };

// next: published, so that whoever verifies knows it before it signs. active: signs and verifies. retired: verifies
// until expires_at. revoked: neither; every token of it is refused.
enum class KeyState { next, active, retired, revoked };

struct StoredKey {
    std::string kid;  // RFC 7638 thumbprint
    KeyPurpose purpose = KeyPurpose::access;
    KeyAlgorithm algorithm = KeyAlgorithm::es256;
    KeyState state = KeyState::active;
    std::string public_jwk;            // JSON; empty for a refresh key, which has no public half
    std::vector<std::uint8_t> sealed;  // the private half, encrypted under a master key
    std::string master_key_id;         // which one
    Timestamp created_at;
    std::optional<Timestamp> expires_at;  // when the last token it made has expired
    std::optional<Timestamp> revoked_at;
};

// A program that calls in its own name (RFC 6749 section 4.4): it asks about tokens, follows the revocations, and gets
// tokens of its own. Its client_id is `id` as text.
struct Client {
    ClientId id;
    std::string name;                       // for people; unique
    std::vector<std::uint8_t> secret_hash;  // BLAKE2b-256 of a secret of 256 random bits
    std::vector<std::string> audiences;     // whose tokens it may ask about, and get; sorted, each once
    std::vector<std::string> scopes;        // what its own tokens may be for; sorted, each once
    Timestamp created_at;
    Timestamp updated_at;
    std::optional<Timestamp> disabled_at;
};

// What stands for a session in the slots of a client's own tokens: so they are revoked like those of a session.
inline SessionId session_of(const ClientId& client) {
    return SessionId{client.bytes};
}

// What a mailed link is good for. A token of one purpose is nothing to another.
enum class MailPurpose { verify_email, reset_password, accept_invitation, change_email };

// A mailed link's token that has not been used. Using it deletes the row; so does the event that makes it pointless.
struct MailToken {
    MailTokenId id;
    AccountId account_id;
    MailPurpose purpose = MailPurpose::verify_email;
    std::vector<std::uint8_t> secret_hash;  // BLAKE2b-256 of the secret in the link
    std::string email_key;                  // the address that using it proves
    std::string email;                      // the same as it was given
    Timestamp created_at;
    Timestamp expires_at;
};

// Something that has to leave the house: written with its cause, sent by a worker afterwards.
enum class OutboxKind { mail, webhook };
// pending: waits for due_at, or is being sent until then. sent and failed stay for limits::outbox_retention.
enum class OutboxState { pending, sent, failed };
struct OutboxEntry {
    OutboxId id;
    OutboxKind kind = OutboxKind::mail;
    std::string topic;  // mail: the template's name. webhook: the event
    std::optional<AccountId> account_id;
    std::string recipient;                // mail: the address as given. webhook: the URL
    std::string payload;                  // JSON. mail: the template's variables. webhook: the body. Holds no secret
    std::optional<MailTokenId> token_id;  // whose link a mail carries
    Timestamp created_at;
    Timestamp due_at;  // not to be sent before; while it is being sent, when that counts as failed
    std::int64_t attempts = 0;
    OutboxState state = OutboxState::pending;
    std::string last_error;
    std::optional<Timestamp> finished_at;
};

// How much of one kind is in the outbox.
struct OutboxFigures {
    std::int64_t pending = 0;
    std::int64_t failed = 0;
    std::optional<Timestamp> oldest_pending;  // when it was queued
};

// Consecutive failed logins of one address, whether there is such an account or not.
struct LoginFailures {
    std::vector<std::uint8_t> email_digest;  // digest() of the email key
    std::int64_t count = 0;
    Timestamp last_at;
};

// One security event: who did what to whom, from where, with what outcome. Holds no secret.
// What is personal in it (address, user_agent, detail) enters the chain as a salted digest, so that erasing it leaves
// the chain provable; see audit_chain.hpp.
struct AuditRecord {
    AuditId id;
    Timestamp at;
    std::string event;  // stable word, such as "login" or "account.disabled"
    std::string actor;  // account id, "client:<id>", "cli:<user>", or "system"
    std::optional<AccountId> account_id;
    std::optional<SessionId> session_id;
    std::string address;
    std::string outcome;  // "success", or the reason's stable word
    std::string user_agent;
    std::string detail;              // what else is worth telling, such as the address of an account; may be personal
    std::int64_t count = 1;          // how many like it this record stands for
    std::vector<std::uint8_t> salt;  // empty once the personal fields are erased
    std::vector<std::uint8_t> personal_digest;  // of salt and personal fields
    std::optional<std::int64_t> sequence;       // its place in the chain; none until it is sealed
    std::vector<std::uint8_t> chain;            // the chain's value after it
};

// A signed statement of the chain's value.
struct AuditCheckpoint {
    std::int64_t sequence = 0;  // of the last record it covers
    std::vector<std::uint8_t> chain;
    Timestamp at;
    std::string kid;
    std::vector<std::uint8_t> signature;
};

// Words of the enums, as the store, the API and the CLI spell them.
std::string_view word(AccountKind kind);
std::string_view word(KeyPurpose purpose);
std::string_view word(KeyAlgorithm algorithm);  // the JWA name: ES256, EdDSA, RS256, HS256
std::string_view word(KeyState state);
std::string_view word(MailPurpose purpose);  // verify_email, reset_password, accept_invitation, change_email
std::string_view word(OutboxKind kind);
std::string_view word(OutboxState state);
std::optional<AccountKind> parse_account_kind(std::string_view word);
std::optional<KeyPurpose> parse_key_purpose(std::string_view word);
std::optional<KeyAlgorithm> parse_key_algorithm(std::string_view word);
std::optional<KeyState> parse_key_state(std::string_view word);
std::optional<MailPurpose> parse_mail_purpose(std::string_view word);
std::optional<OutboxKind> parse_outbox_kind(std::string_view word);
std::optional<OutboxState> parse_outbox_state(std::string_view word);

}  // namespace postern::core

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

// demo: signed itself up, must verify its email. standard: made by an administrator or an import, must be activated.
enum class AccountKind { demo, standard };

struct Account {
    AccountId id;
    std::string email_key;  // what makes it unique: ASCII local part lower-cased, domain by UTS #46
    std::string email;      // as it was given; mail goes here only
    AccountKind kind = AccountKind::standard;
    bool admin = false;
    std::string password_hash;  // PHC string; empty: no password can log in
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
    SessionId session_id;
    std::int64_t counter = 0;  // of the refresh token that was issued with it
    TokenId token_id;
    Timestamp issued_at;
    Timestamp expires_at;
    std::optional<Timestamp> revoked_at;
    std::string revoke_reason;
};

enum class KeyPurpose { access, refresh, status_list };
enum class KeyAlgorithm { es256, eddsa, rs256, hs256 };

// active: signs and verifies. retired: verifies until expires_at. revoked: neither; every token of it is refused.
enum class KeyState { active, retired, revoked };

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

// One security event: who did what to whom, from where, with what outcome. Holds no secret.
struct AuditRecord {
    AuditId id;
    Timestamp at;
    std::string event;  // stable word, such as "login" or "account.disabled"
    std::string actor;  // account id, "cli:<user>", or "system"
    std::optional<AccountId> account_id;
    std::optional<SessionId> session_id;
    std::string address;
    std::string outcome;  // "success", or the reason's stable word
};

// Words of the enums, as the store, the API and the CLI spell them.
std::string_view word(AccountKind kind);
std::string_view word(KeyPurpose purpose);
std::string_view word(KeyAlgorithm algorithm);  // the JWA name: ES256, EdDSA, RS256, HS256
std::string_view word(KeyState state);
std::optional<AccountKind> parse_account_kind(std::string_view word);
std::optional<KeyPurpose> parse_key_purpose(std::string_view word);
std::optional<KeyAlgorithm> parse_key_algorithm(std::string_view word);
std::optional<KeyState> parse_key_state(std::string_view word);

}  // namespace postern::core

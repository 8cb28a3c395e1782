#include "core/records.hpp"

#include "core/store.hpp"
#include "core/words.hpp"

namespace postern::core {
namespace {

constexpr Words<AccountKind, 2> account_kinds = {{{AccountKind::demo, "demo"}, {AccountKind::standard, "standard"}}};
constexpr Words<KeyPurpose, 5> key_purposes = {{{KeyPurpose::access, "access"},
                                                {KeyPurpose::refresh, "refresh"},
                                                {KeyPurpose::status_list, "status_list"},
                                                {KeyPurpose::audit, "audit"},
                                                {KeyPurpose::derivation, "derivation"}}};
constexpr Words<KeyAlgorithm, 4> key_algorithms = {{{KeyAlgorithm::es256, "ES256"},
                                                    {KeyAlgorithm::eddsa, "EdDSA"},
                                                    {KeyAlgorithm::rs256, "RS256"},
                                                    {KeyAlgorithm::hs256, "HS256"}}};
constexpr Words<KeyState, 4> key_states = {{{KeyState::next, "next"},
                                            {KeyState::active, "active"},
                                            {KeyState::retired, "retired"},
                                            {KeyState::revoked, "revoked"}}};
constexpr Words<MailPurpose, 4> mail_purposes = {{{MailPurpose::verify_email, "verify_email"},
                                                  {MailPurpose::reset_password, "reset_password"},
                                                  {MailPurpose::accept_invitation, "accept_invitation"},
                                                  {MailPurpose::change_email, "change_email"}}};
constexpr Words<OutboxKind, 2> outbox_kinds = {{{OutboxKind::mail, "mail"}, {OutboxKind::webhook, "webhook"}}};
constexpr Words<OutboxState, 3> outbox_states = {
    {{OutboxState::pending, "pending"}, {OutboxState::sent, "sent"}, {OutboxState::failed, "failed"}}};
constexpr Words<RevocationReason, 17> revocation_reasons = {{{RevocationReason::token_revoked, "token_revoked"},
                                                             {RevocationReason::session_revoked, "session_revoked"},
                                                             {RevocationReason::session_limit, "session_limit"},
                                                             {RevocationReason::refresh_reuse, "refresh_reuse"},
                                                             {RevocationReason::account_disabled, "account_disabled"},
                                                             {RevocationReason::account_deleted, "account_deleted"},
                                                             {RevocationReason::password_changed, "password_changed"},
                                                             {RevocationReason::role_changed, "role_changed"},
                                                             {RevocationReason::key_revoked, "key_revoked"},
                                                             {RevocationReason::ended_by_operator, "ended_by_operator"},
                                                             {RevocationReason::logged_out, "logged_out"},
                                                             {RevocationReason::email_changed, "email_changed"},
                                                             {RevocationReason::claims_changed, "claims_changed"},
                                                             {RevocationReason::client_changed, "client_changed"},
                                                             {RevocationReason::client_disabled, "client_disabled"},
                                                             {RevocationReason::client_deleted, "client_deleted"},
                                                             {RevocationReason::restored, "restored"}}};

}  // namespace

std::string_view word(AccountKind kind) {
    return word_in(account_kinds, kind);
}
std::string_view word(KeyPurpose purpose) {
    return word_in(key_purposes, purpose);
}
std::string_view word(KeyAlgorithm algorithm) {
    return word_in(key_algorithms, algorithm);
}
std::string_view word(KeyState state) {
    return word_in(key_states, state);
}
std::string_view word(RevocationReason reason) {
    return word_in(revocation_reasons, reason);
}
std::string_view word(MailPurpose purpose) {
    return word_in(mail_purposes, purpose);
}
std::string_view word(OutboxKind kind) {
    return word_in(outbox_kinds, kind);
}
std::string_view word(OutboxState state) {
    return word_in(outbox_states, state);
}
std::optional<AccountKind> parse_account_kind(std::string_view word) {
    return value_in(account_kinds, word);
}
std::optional<KeyPurpose> parse_key_purpose(std::string_view word) {
    return value_in(key_purposes, word);
}
std::optional<KeyAlgorithm> parse_key_algorithm(std::string_view word) {
    return value_in(key_algorithms, word);
}
std::optional<KeyState> parse_key_state(std::string_view word) {
    return value_in(key_states, word);
}
std::optional<MailPurpose> parse_mail_purpose(std::string_view word) {
    return value_in(mail_purposes, word);
}
std::optional<OutboxKind> parse_outbox_kind(std::string_view word) {
    return value_in(outbox_kinds, word);
}
std::optional<OutboxState> parse_outbox_state(std::string_view word) {
    return value_in(outbox_states, word);
}

}  // namespace postern::core

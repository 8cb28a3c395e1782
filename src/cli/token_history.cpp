#include "cli/token_history.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "cli/command.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t audit_page = 200;

constexpr std::array<std::pair<std::string_view, std::string_view>, 17> reasons_in_words = {
    {{"token_revoked", "this one token was revoked; its session lives on"},
     {"session_revoked", "its session was ended through the API"},
     {"session_limit", "the account had too many sessions, and this was the oldest"},
     {"refresh_reuse", "a refresh token that had been used already was shown again, so somebody else may have it"},
     {"account_disabled", "the account was disabled"},
     {"account_deleted", "the account was deleted"},
     {"password_changed", "the account got another password"},
     {"role_changed", "the account got other roles, or became or ceased to be an administrator"},
     {"key_revoked", "the key that signed it was revoked"},
     {"ended_by_operator", "an operator ended the session, or all of the account's"},
     {"logged_out", "the session was logged out"},
     {"email_changed", "the account got another address"},
     {"claims_changed", "the account got other scopes or claims"},
     {"client_changed", "the client got another secret, or lost an audience or a scope"},
     {"client_disabled", "the client was disabled"},
     {"client_deleted", "the client was deleted"},
     {"restored", "the database was restored from a backup, which ended every session"}}};

std::string in_words(const std::string& reason) {
    for (const auto& [word, words] : reasons_in_words) {
        if (word == reason) return reason + " (" + std::string(words) + ")";
    }
    return reason;
}

// The id that sorts before every audit record of `at` and after those of earlier milliseconds.
core::AuditId last_id_before(Timestamp at) {
    core::AuditId id;
    auto milliseconds = static_cast<std::uint64_t>(to_milliseconds(at));
    for (std::size_t i = 0; i < 6; ++i) {
        id.bytes.at(5 - i) = static_cast<std::uint8_t>(milliseconds & 0xffU);
        milliseconds >>= 8U;
    }
    return id;
}

using Fits = std::function<bool(const core::AuditRecord&)>;

// The first of that moment that fits; nothing when it is gone already.
Result<std::optional<core::AuditRecord>> find_record(core::Reader& reader, Timestamp at, const Fits& fits) {
    core::AuditId after = last_id_before(at);
    for (;;) {
        const auto page = TRY(reader.list_audit(after, audit_page));
        for (const core::AuditRecord& record : page) {
            if (record.at > at) return std::optional<core::AuditRecord>();
            if (fits(record)) return std::optional(record);
        }
        if (page.size() < audit_page) return std::optional<core::AuditRecord>();
        after = page.back().id;
    }
}

// An account's id says little at three in the morning.
Result<std::string> name_actor(core::Reader& reader, const std::string& actor,
                               const std::optional<core::AccountId>& holder) {
    const auto id = core::AccountId::parse(actor);
    if (!id) return actor;
    if (id == holder) return actor + " (its holder)";
    const auto account = TRY(reader.find_account(*id));
    return actor + " (" + (account ? account->email : "an account that is gone") + ")";
}

}  // namespace

Result<std::string> describe_ending(core::Reader& reader, const Ending& ending, const core::AccountId& account,
                                    const core::SessionId& session) {
    const bool of_client = ending.reason.starts_with("client_");
    const auto record = TRY(find_record(reader, ending.at, [&](const core::AuditRecord& candidate) {
        if (of_client) {
            return candidate.event.starts_with("client.") && candidate.detail.find(account.text()) != std::string::npos;
        }
        const bool concerned = candidate.session_id == session || candidate.account_id == account;
        return concerned && candidate.outcome == ending.reason;
    }));
    std::string text = "at " + format_time(ending.at) + ", because of " + in_words(ending.reason);
    if (record) text += ", by " + TRY(name_actor(reader, record->actor, account));
    return text;
}

Result<std::string> describe_key_ending(core::Reader& reader, const core::StoredKey& key) {
    const Timestamp at = key.revoked_at.value_or(key.created_at);
    const auto record = TRY(find_record(reader, at, [&](const core::AuditRecord& candidate) {
        return candidate.event == "key.revoked" && candidate.detail.find(key.kid) != std::string::npos;
    }));
    std::string text = "was revoked at " + format_time(at);
    if (!record) return text;
    text += ", by " + TRY(name_actor(reader, record->actor, std::nullopt));
    const auto colon = record->detail.find(": ");
    if (colon != std::string::npos) text += ", because: " + record->detail.substr(colon + 2);
    return text;
}

}  // namespace postern::cli

#include "cli/store_inspection.hpp"

#include <algorithm>

#include "core/claims.hpp"
#include "core/sessions.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t audit_page = 200;

std::string join(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
    return text;
}

// What happened to whom, when and why: the audit record of the same transaction says by whom.
struct Event {
    Timestamp at;
    std::string reason;
    core::AccountId account;
    core::SessionId session;
};

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

// Empty when the record is gone already.
Result<std::string> find_actor(core::Reader& reader, const Event& event) {
    core::AuditId after = last_id_before(event.at);
    for (;;) {
        const auto page = TRY(reader.list_audit(after, audit_page));
        for (const core::AuditRecord& record : page) {
            if (record.at > event.at) return std::string();
            const bool concerned = record.session_id == event.session || record.account_id == event.account;
            if (concerned && record.outcome == event.reason) return record.actor;
        }
        if (page.size() < audit_page) return std::string();
        after = page.back().id;
    }
}

Result<std::string> describe(core::Reader& reader, const Event& event) {
    const std::string actor = TRY(find_actor(reader, event));
    return "at " + format_time(event.at) + ", because of " + event.reason + (actor.empty() ? "" : ", by " + actor);
}

void add_issuer_and_audience(core::Inspection& inspection, const std::string& issuer,
                             const std::vector<std::string>& audience, const std::string& expected_issuer,
                             const std::vector<std::string>& expected_audience) {
    inspection.steps.push_back(
        {"issuer", issuer == expected_issuer,
         issuer == expected_issuer
             ? issuer
             : "the token says " + issuer + "; this configuration has public_url " + expected_issuer});
    const bool for_us = core::is_for(audience, expected_audience);
    inspection.steps.push_back(
        {"audience", for_us,
         for_us ? join(audience)
                : "the token is for " + join(audience) + ", this server accepts " + join(expected_audience)});
}

Result<core::InspectionStep> check_slot(core::Reader& reader, const core::AccessClaims& claims) {
    const std::string place = "slot " + std::to_string(claims.slot.index) + " of the list " + claims.slot.list.text();
    const auto slot = TRY(reader.find_slot(claims.slot));
    if (!slot) {
        return core::InspectionStep{"revocation", false,
                                    "the store has no " + place + ": it was swept, or the database is another one"};
    }
    if (slot->revoked_at) {
        const std::string what =
            TRY(describe(reader, {*slot->revoked_at, slot->revoke_reason, claims.subject, claims.session_id}));
        return core::InspectionStep{"revocation", false, "revoked " + what};
    }
    return core::InspectionStep{"revocation", true, "not revoked; " + place};
}

// Keys that were revoked are in no JWKS: say so where the inspector could only say that it knows no such key.
void explain_revoked_key(core::Inspection& inspection, const std::vector<core::StoredKey>& keys) {
    for (const core::StoredKey& key : keys) {
        if (key.state != core::KeyState::revoked || key.kid.empty()) continue;
        if (inspection.header.find('"' + key.kid + '"') == std::string::npos) continue;
        inspection.steps.push_back(
            {"key", false,
             "the key " + key.kid + " was revoked at " + format_time(key.revoked_at.value_or(key.created_at))});
    }
}

bool may_go_on(const core::Inspection& inspection) {
    return std::ranges::all_of(inspection.steps,
                               [](const core::InspectionStep& step) { return step.passed || step.name == "time"; });
}

void conclude(core::Inspection& inspection) {
    inspection.accepted = std::ranges::all_of(inspection.steps, &core::InspectionStep::passed);
}

Result<core::InspectionStep> check_session(core::Reader& reader, const core::RefreshClaims& claims, Timestamp now) {
    const auto session = TRY(reader.find_session(claims.session_id));
    const std::string name = "the session " + claims.session_id.text();
    if (!session) return core::InspectionStep{"session", false, name + " is not in the store"};
    if (session->ended_at) {
        const std::string what =
            TRY(describe(reader, {*session->ended_at, session->end_reason, claims.subject, claims.session_id}));
        return core::InspectionStep{"session", false, name + " ended " + what};
    }
    if (!core::is_live(*session, now)) {
        const Timestamp deadline = std::min(session->idle_deadline, session->ends_at);
        return core::InspectionStep{"session", false, name + " expired at " + format_time(deadline)};
    }
    const std::string counters = "the token's counter is " + std::to_string(claims.counter) + ", the session's is " +
                                 std::to_string(session->counter);
    if (claims.counter == session->counter) return core::InspectionStep{"session", true, name + " lives; " + counters};
    return core::InspectionStep{
        "session", false,
        claims.counter < session->counter
            ? counters + ": it was used already; within the grace of its use a retry still gets the same answer"
            : counters + ": the database is older than the token, as after a restore"};
}

Result<core::Inspection> inspect_refresh(const Call& call, Workplace& workplace, core::Inspection inspection,
                                         const core::RefreshClaims& claims) {
    const core::TokenPolicy& policy = workplace.token_policy();
    const Timestamp now = call.tools.clock.now();
    inspection.steps = {{"signature", true, "a refresh token, made by this store's refresh key"}};
    add_issuer_and_audience(inspection, claims.issuer, {claims.audience}, policy.issuer,
                            {core::refresh_audience(policy)});
    const bool in_time = now < claims.expires_at;
    inspection.steps.push_back(
        {"time", in_time, (in_time ? "expires at " : "expired at ") + format_time(claims.expires_at)});
    core::Store* store = TRY(workplace.store());
    inspection.steps.push_back(
        TRY(core::read_and_wait(*store, [&](core::Reader& reader) { return check_session(reader, claims, now); })));
    conclude(inspection);
    return inspection;
}

Result<core::Inspection> inspect_access(Workplace& workplace, core::Inspection inspection,
                                        const core::AccessClaims& claims) {
    const core::TokenPolicy& policy = workplace.token_policy();
    add_issuer_and_audience(inspection, claims.issuer, claims.audience, policy.issuer, policy.audience);
    core::Store* store = TRY(workplace.store());
    inspection.steps.push_back(
        TRY(core::read_and_wait(*store, [&](core::Reader& reader) { return check_slot(reader, claims); })));
    conclude(inspection);
    return inspection;
}

}  // namespace

Result<core::Inspection> inspect_against_store(const Call& call, Workplace& workplace, std::string_view token,
                                               core::InspectionDepth depth) {
    const core::Signer* signer = TRY(workplace.signer());
    auto inspection = TRY(call.tools.inspector.inspect(token, *signer->jwks(), depth, call.tools.clock.now()));
    if (const auto refresh = signer->read_refresh(without_line_end(token))) {
        if (depth == core::InspectionDepth::claims) {
            return inspect_refresh(call, workplace, std::move(inspection), *refresh);
        }
        inspection.steps = {{"signature", true, "a refresh token, made by this store's refresh key"}};
        conclude(inspection);
        return inspection;
    }
    core::Store* store = TRY(workplace.store());
    const auto keys = TRY(core::read_and_wait(*store, [](core::Reader& reader) { return reader.list_keys(); }));
    explain_revoked_key(inspection, keys);
    conclude(inspection);
    if (depth == core::InspectionDepth::signature || !may_go_on(inspection)) return inspection;
    const auto claims = signer->read_access(without_line_end(token));
    if (!claims) {
        inspection.steps.push_back({"type", false, claims.error().message});
        conclude(inspection);
        return inspection;
    }
    return inspect_access(workplace, std::move(inspection), *claims);
}

}  // namespace postern::cli

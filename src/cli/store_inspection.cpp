#include "cli/store_inspection.hpp"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "cli/token_history.hpp"
#include "core/claims.hpp"
#include "core/sessions.hpp"

namespace postern::cli {
namespace {

std::string join(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) text += (text.empty() ? "" : ", ") + item;
    return text;
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

std::string apart(Timestamp from, Timestamp to) {
    return std::to_string((to - from) / Milliseconds(1000)) + " s";
}

// Of a token that is ours: when it was made, and by how much the clocks of signer and reader differ at least.
core::InspectionStep check_clock(const core::AccessClaims& claims, Timestamp now) {
    const bool early = claims.issued_at > now;
    const std::string age = early
                                ? apart(now, claims.issued_at) + " ahead of this machine's clock, so the clocks differ"
                                : apart(claims.issued_at, now) + " ago";
    const bool over = now >= claims.expires_at;
    return {"clock", claims.issued_at <= now + limits::clock_leeway && !over,
            "issued at " + format_time(claims.issued_at) + ", " + age + "; " + (over ? "expired" : "expires") + " at " +
                format_time(claims.expires_at) + (over ? "" : ", in " + apart(now, claims.expires_at)) +
                "; now it is " + format_time(now)};
}

Result<std::vector<core::InspectionStep>> check_slot(core::Reader& reader, const core::Revocations& revocations,
                                                     const core::AccessClaims& claims) {
    const std::string place = "slot " + std::to_string(claims.slot.index) + " of the list " + claims.slot.list.text();
    const auto list = revocations.publish(claims.slot.list);
    const std::string window =
        list ? "the list lasts until " + format_time(list->expires_at) : "the list has ended, or was never opened here";
    const auto slot = TRY(reader.find_slot(claims.slot));
    std::vector<core::InspectionStep> steps;
    if (!slot) {
        steps.push_back({"slot", false,
                         "the store has no " + place +
                             ", since it was swept or the database is another "
                             "one; " +
                             window});
        return steps;
    }
    const bool ours = slot->token_id == claims.token_id;
    steps.push_back(
        {"slot", ours && list.has_value(),
         place + (ours ? "" : ", which is another token's: the database is older than the token") + "; " + window});
    if (slot->revoked_at) {
        const std::string what =
            TRY(describe_ending(reader, {*slot->revoked_at, slot->revoke_reason}, claims.subject, claims.session_id));
        steps.push_back({"revocation", false, "revoked " + what});
    } else {
        steps.push_back({"revocation", true, "not revoked"});
    }
    return steps;
}

Result<core::InspectionStep> check_client(core::Reader& reader, const core::AccessClaims& claims) {
    const core::ClientId id{claims.subject.bytes};
    const auto client = TRY(reader.find_client(id));
    if (!client) return core::InspectionStep{"client", false, "there is no client " + id.text() + " any more"};
    const std::string name = "the client's own token: " + client->name + " (" + id.text() + ")";
    if (!client->disabled_at) return core::InspectionStep{"client", true, name};
    return core::InspectionStep{"client", false, name + ", disabled at " + format_time(*client->disabled_at)};
}

Result<core::InspectionStep> check_account(core::Reader& reader, const core::AccountId& id) {
    const auto account = TRY(reader.find_account(id));
    if (!account) return core::InspectionStep{"account", false, "there is no account " + id.text() + " any more"};
    const std::string name = account->email + " (" + id.text() + ")";
    if (!account->disabled_at) return core::InspectionStep{"account", true, name};
    return core::InspectionStep{"account", false, name + ", disabled at " + format_time(*account->disabled_at)};
}

// Of an access token. Whoever checks one looks at its slot, not at its session, so one that has run out is only told.
Result<core::InspectionStep> show_session(core::Reader& reader, const core::AccessClaims& claims, Timestamp now) {
    const auto session = TRY(reader.find_session(claims.session_id));
    const std::string name = "the session " + claims.session_id.text();
    if (!session) return core::InspectionStep{"session", true, name + " is not in the store any more"};
    if (session->ended_at) {
        const std::string what =
            TRY(describe_ending(reader, {*session->ended_at, session->end_reason}, claims.subject, claims.session_id));
        return core::InspectionStep{"session", false, name + " ended " + what};
    }
    const Timestamp deadline = std::min(session->idle_deadline, session->ends_at);
    return core::InspectionStep{"session", true,
                                name + (core::is_live(*session, now) ? " lives until " : " ran out at ") +
                                    format_time(deadline) + " unless it is refreshed; it began at " +
                                    format_time(session->created_at) + " from " +
                                    (session->address.empty() ? "an unknown address" : session->address)};
}

// The key that the header names, which the inspector knows from the JWKS alone: revoked ones are in none.
Result<void> explain_key(core::Reader& reader, core::Inspection& inspection) {
    const auto header = parse_json(inspection.header);
    const auto* kid = header.has_value() && header->is_object() ? header->get_object().if_contains("kid") : nullptr;
    if (kid == nullptr || !kid->is_string()) return {};
    for (const core::StoredKey& key : TRY(reader.list_keys())) {
        if (key.kid.empty() || kid->get_string() != key.kid) continue;
        const std::string name = "the " + std::string(core::word(key.purpose)) + " key " + key.kid;
        if (key.state == core::KeyState::revoked) {
            inspection.steps.push_back({"key state", false, name + " " + TRY(describe_key_ending(reader, key))});
            return {};
        }
        std::string state =
            name + " is " + std::string(core::word(key.state)) + ", made at " + format_time(key.created_at);
        if (key.expires_at) state += ", kept until " + format_time(*key.expires_at);
        inspection.steps.push_back({"key state", true, state});
    }
    return {};
}

// A status list is no token: say what it is to whoever took it for one.
void explain_status_list(core::Inspection& inspection, std::string_view issuer) {
    const auto claims = parse_json(inspection.claims);
    const auto* subject = claims.has_value() && claims->is_object() ? claims->get_object().if_contains("sub") : nullptr;
    const bool ours = subject != nullptr && subject->is_string() &&
                      core::parse_status_list_uri(issuer, subject->get_string()).has_value();
    inspection.steps.push_back({"type", false,
                                std::string("this is a Token Status List") + (ours ? " of this server's" : "") +
                                    ", which says what was revoked; as a token it opens nothing"});
}

bool is_status_list(const core::Inspection& inspection) {
    const auto header = parse_json(inspection.header);
    const auto* typ = header.has_value() && header->is_object() ? header->get_object().if_contains("typ") : nullptr;
    return typ != nullptr && typ->is_string() && typ->get_string() == core::status_list_typ;
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
            TRY(describe_ending(reader, {*session->ended_at, session->end_reason}, claims.subject, claims.session_id));
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
    auto look = [&](core::Reader& reader) -> Result<void> {
        inspection.steps.push_back(TRY(check_session(reader, claims, now)));
        inspection.steps.push_back(TRY(check_account(reader, claims.subject)));
        return {};
    };
    TRY(core::read_and_wait(*store, look));
    conclude(inspection);
    return inspection;
}

Result<core::Inspection> inspect_access(const Call& call, Workplace& workplace, core::Inspection inspection,
                                        const core::AccessClaims& claims) {
    const Timestamp now = call.tools.clock.now();
    const core::TokenPolicy& policy = workplace.token_policy();
    add_issuer_and_audience(inspection, claims.issuer, claims.audience, policy.issuer, policy.audience);
    core::Store* store = TRY(workplace.store());
    inspection.steps.push_back(check_clock(claims, now));
    auto look = [&](core::Reader& reader) -> Result<void> {
        for (auto& step : TRY(check_slot(reader, store->revocations(), claims))) inspection.steps.push_back(step);
        if (claims.is_clients_own()) {
            inspection.steps.push_back(TRY(check_client(reader, claims)));
            return {};
        }
        inspection.steps.push_back(TRY(show_session(reader, claims, now)));
        inspection.steps.push_back(TRY(check_account(reader, claims.subject)));
        return {};
    };
    TRY(core::read_and_wait(*store, look));
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
    TRY(core::read_and_wait(*store, [&](core::Reader& reader) { return explain_key(reader, inspection); }));
    if (depth == core::InspectionDepth::claims && is_status_list(inspection)) {
        explain_status_list(inspection, workplace.token_policy().issuer);
    }
    conclude(inspection);
    if (depth == core::InspectionDepth::signature || !may_go_on(inspection)) return inspection;
    const auto claims = signer->read_access(without_line_end(token));
    if (!claims) {
        inspection.steps.push_back({"type", false, claims.error().message});
        conclude(inspection);
        return inspection;
    }
    return inspect_access(call, workplace, std::move(inspection), *claims);
}

}  // namespace postern::cli

// postern key …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/command.hpp"

namespace postern::cli {
namespace {

boost::json::value to_json(const core::StoredKey& key) {
    return {{"kid", key.kid},
            {"purpose", core::word(key.purpose)},
            {"algorithm", core::word(key.algorithm)},
            {"state", core::word(key.state)},
            {"master_key_id", key.master_key_id},
            {"created_at", json_time(key.created_at)},
            {"expires_at", json_time(key.expires_at)},
            {"revoked_at", json_time(key.revoked_at)}};
}

std::string describe_state(const core::StoredKey& key, const core::RotationPolicy& policy) {
    const auto time = [](const std::optional<Timestamp>& at) { return at ? format_time(*at) : std::string("then"); };
    switch (key.state) {
        case core::KeyState::next:
            return "next, published since " + format_time(key.created_at) + ", signs from " +
                   format_time(key.created_at + policy.publish_ahead);
        case core::KeyState::active: return "active, made " + format_time(key.created_at);
        case core::KeyState::retired: return "retired, verifies until " + time(key.expires_at);
        case core::KeyState::revoked: return "revoked " + time(key.revoked_at) + ", nothing that it signed is believed";
    }
    return "";
}

std::string line_of(const core::StoredKey& key, const core::RotationPolicy& policy) {
    return key.kid + "  " + std::string(core::word(key.purpose)) + "  " + std::string(core::word(key.algorithm)) +
           "  " + describe_state(key, policy) + "\n";
}

Answer show(const std::vector<core::StoredKey>& keys, const core::RotationPolicy& policy) {
    Answer answer;
    boost::json::array array;
    for (const core::StoredKey& key : keys) {
        answer.text += line_of(key, policy);
        array.push_back(to_json(key));
    }
    answer.json = std::move(array);
    return answer;
}

Result<Answer> init(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    workplace->make_what_is_missing();
    core::Store* store = TRY(workplace->store());
    const auto existing = TRY(core::read_and_wait(*store, [](core::Reader& reader) { return reader.list_keys(); }));
    if (!existing.empty()) {
        return conflict("keys_exist", "The store has signing keys already; nothing was changed");
    }
    const core::KeyVault* vault = TRY(workplace->vault());
    const auto keys = TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::init_keys(transaction, *vault, workplace->access_algorithm(), call.actor(),
                               call.tools.clock.now());
    }));
    Answer answer = show(keys, workplace->rotation_policy());
    answer.text += "They are sealed under the master key in " + workplace->master_key_place() +
                   ". Back it up apart from the database: without it every token is lost.\n";
    answer.json = {{"master_key", workplace->master_key_place()}, {"keys", std::move(answer.json)}};
    return answer;
}

Result<Answer> list(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto keys = TRY(core::read_and_wait(*store, [](core::Reader& reader) { return reader.list_keys(); }));
    Answer answer = show(keys, workplace->rotation_policy());
    if (keys.empty()) answer.text = "The store has no signing keys yet; make them with: postern key init\n";
    return answer;
}

struct RotationRequest {
    std::string purpose;
    bool at_once = false;
};

Result<std::optional<core::KeyPurpose>> parse_purpose(const std::string& word) {
    if (word.empty()) return std::optional<core::KeyPurpose>();
    const auto purpose = core::parse_key_purpose(word);
    if (!purpose) return usage_error("There is no purpose " + word + "; keys are for access, refresh and status_list");
    return purpose;
}

Result<Answer> rotate(const Call& call, const RotationRequest& request) {
    const auto purpose = TRY(parse_purpose(request.purpose));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::KeyVault* vault = TRY(workplace->vault());
    const core::RotationPolicy& policy = workplace->rotation_policy();
    const auto changed = TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::request_rotation(transaction, *vault, policy, purpose, request.at_once, call.actor(),
                                      call.tools.clock.now());
    }));
    Answer answer = show(changed, policy);
    answer.text += request.at_once ? "Whoever keeps the published keys without looking again at an unknown kid refuses "
                                     "the new tokens until keys.jwks_max_age has passed.\n"
                                   : "A running server does the rest.\n";
    return answer;
}

struct RevocationRequest {
    std::string kid;
    std::string reason;
};

std::string describe_cost(core::KeyPurpose purpose) {
    switch (purpose) {
        case core::KeyPurpose::access:
            return "Every access token of that key is refused from now on; sessions live on, and their next refresh "
                   "gives "
                   "a token of another key.\n";
        case core::KeyPurpose::refresh:
            return "Every refresh token of that key is refused from now on: its holders log in anew when their access "
                   "token ends. To end those too: postern session end --all EMAIL\n";
        default: return "Status lists of that key are worth nothing; the next ones are signed with another.\n";
    }
}

Result<Answer> revoke(const Call& call, const RevocationRequest& request) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::KeyVault* vault = TRY(workplace->vault());
    const core::RotationPolicy& policy = workplace->rotation_policy();
    const auto changed = TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::revoke_key(transaction, *vault, policy, request.kid, request.reason, call.actor(),
                                call.tools.clock.now());
    }));
    Answer answer = show(changed, policy);
    answer.text += describe_cost(changed.front().purpose);
    return answer;
}

Result<Answer> rewrap(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::KeyVault* vault = TRY(workplace->vault());
    const std::size_t changed = TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::rewrap_keys(transaction, *vault, call.actor(), call.tools.clock.now());
    }));
    const std::string text = changed == 0
                                 ? "Every key is sealed under the current master key already\n"
                                 : "Sealed " + std::to_string(changed) +
                                       " keys under the current master key; the previous one is needed no longer\n";
    return Answer{text, boost::json::object{{"rewrapped", changed}}};
}

void add_rotate(CLI::App& group, Plan& plan) {
    auto request = std::make_shared<RotationRequest>();
    CLI::App& command =
        add_store_command(group, plan,
                          {"rotate", "Publish new signing keys, which take over after keys.publish_ahead",
                           "postern key rotate\npostern key rotate --purpose access --now"},
                          [request](const Call& call) { return rotate(call, *request); });
    command.add_option("--purpose", request->purpose,
                       "Only keys of this purpose: access, refresh or status_list; without: all three");
    command.add_flag("--now", request->at_once,
                     "Let the new key sign at once: who has kept the published keys may refuse its tokens for up to "
                     "keys.jwks_max_age");
}

void add_revoke(CLI::App& group, Plan& plan) {
    auto request = std::make_shared<RevocationRequest>();
    CLI::App& command = add_store_command(
        group, plan,
        {"revoke",
         "Refuse everything that a leaked key has signed. Sessions survive the end of an access key; that of a refresh "
         "key ends the sessions whose tokens it signed",
         "postern key revoke \"$KID\" --reason \"found in a log\""},
        [request](const Call& call) { return revoke(call, *request); });
    command
        .add_option("kid", request->kid, "The key, as `postern key list` names it; after -- if it begins with a dash")
        ->required();
    command.add_option("--reason", request->reason, "Why, for the audit trail")->required();
}

}  // namespace

void add_key_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"key", "Manage the signing keys", "postern key list"});
    add_store_command(group, plan,
                      {"init", "Make the signing keys of a new store, and a master key where there is none",
                       "postern key init --config /etc/postern/postern.toml"},
                      init);
    add_store_command(group, plan, {"list", "List the signing keys", "postern key list --json"}, list);
    add_rotate(group, plan);
    add_revoke(group, plan);
    add_store_command(group, plan,
                      {"rewrap", "Seal every signing key under the current master key",
                       "POSTERN_PREVIOUS_MASTER_KEY=\"$OLD\" POSTERN_MASTER_KEY=\"$NEW\" postern key rewrap"},
                      rewrap);
}

}  // namespace postern::cli

// postern key …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

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

std::string line_of(const core::StoredKey& key) {
    return key.kid + "  " + std::string(core::word(key.purpose)) + "  " + std::string(core::word(key.algorithm)) +
           "  " + std::string(core::word(key.state)) + "  since " + format_time(key.created_at) + "\n";
}

Answer show(const std::vector<core::StoredKey>& keys) {
    Answer answer;
    boost::json::array array;
    for (const core::StoredKey& key : keys) {
        answer.text += line_of(key);
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
    Answer answer = show(keys);
    answer.text += "They are sealed under the master key in " + workplace->master_key_place() +
                   ". Back it up apart from the database: without it every token is lost.\n";
    answer.json = {{"master_key", workplace->master_key_place()}, {"keys", std::move(answer.json)}};
    return answer;
}

Result<Answer> list(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto keys = TRY(core::read_and_wait(*store, [](core::Reader& reader) { return reader.list_keys(); }));
    Answer answer = show(keys);
    if (keys.empty()) answer.text = "The store has no signing keys yet; make them with: postern key init\n";
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

}  // namespace

void add_key_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"key", "Manage the signing keys", "postern key list"});
    add_store_command(group, plan,
                      {"init", "Make the signing keys of a new store, and a master key where there is none",
                       "postern key init --config /etc/postern/postern.toml"},
                      init);
    add_store_command(group, plan, {"list", "List the signing keys", "postern key list --json"}, list);
    add_store_command(group, plan,
                      {"rewrap", "Seal every signing key under the current master key",
                       "POSTERN_PREVIOUS_MASTER_KEY=\"$OLD\" POSTERN_MASTER_KEY=\"$NEW\" postern key rewrap"},
                      rewrap);
}

}  // namespace postern::cli

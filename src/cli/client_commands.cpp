// postern client …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/command.hpp"
#include "core/clients.hpp"
#include "core/scopes.hpp"

namespace postern::cli {
namespace {

boost::json::object to_json(const core::Client& client) {
    return {{"id", client.id.text()},
            {"name", client.name},
            {"audiences", boost::json::array(client.audiences.begin(), client.audiences.end())},
            {"scopes", boost::json::array(client.scopes.begin(), client.scopes.end())},
            {"created_at", json_time(client.created_at)},
            {"updated_at", json_time(client.updated_at)},
            {"disabled_at", json_time(client.disabled_at)}};
}

std::string describe(const core::Client& client) {
    std::string text = "client_id  " + client.id.text() + "\nname       " + client.name;
    text += "\naudiences  " + core::join_words(client.audiences);
    text += "\nscopes     " + (client.scopes.empty() ? "none" : core::join_words(client.scopes));
    text += "\nmade       " + format_time(client.created_at);
    text += "\nstate      " + (client.disabled_at ? "disabled since " + format_time(*client.disabled_at) : "enabled");
    return text + "\n";
}

// On a line of its own, so that it can be cut out; it is shown this once.
Answer show_secret(const core::ClientWithSecret& client) {
    boost::json::object json = to_json(client.client);
    json["client_secret"] = client.secret.reveal();
    return Answer{describe(client.client) + "secret     " + std::string(client.secret.reveal()) +
                      "\nThe secret is shown this once and kept nowhere: give it to the program, or make another with:"
                      " postern client renew-secret " +
                      client.client.id.text() + "\n",
                  std::move(json)};
}

// A write step on the client that a command names.
template <typename Step>
auto step_on_client(const Call& call, const std::string& id_or_name, Step step)
    -> std::invoke_result_t<Step, core::Transaction&, const core::ClientId&, const core::Actor&, Timestamp> {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    return core::write_and_wait(
        *store,
        [&](core::Transaction& transaction)
            -> std::invoke_result_t<Step, core::Transaction&, const core::ClientId&, const core::Actor&, Timestamp> {
            const auto client = TRY(core::get_client(transaction, id_or_name));
            return step(transaction, client.id, call.actor(), call.tools.clock.now());
        });
}

Result<Answer> create(const Call& call, const core::NewClient& wanted) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto made = TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::create_client(transaction, wanted, call.actor(), call.tools.clock.now());
    }));
    return show_secret(made);
}

Result<Answer> list(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto clients = TRY(core::read_and_wait(*store, core::list_all_clients));
    Answer answer;
    boost::json::array array;
    for (const core::Client& client : clients) {
        answer.text += client.id.text() + "  " + client.name + "  " + core::join_words(client.audiences) +
                       (client.disabled_at ? "  disabled" : "") + "\n";
        array.push_back(to_json(client));
    }
    if (clients.empty()) answer.text = "There are no clients; make one with: postern client create NAME --audience A\n";
    answer.json = std::move(array);
    return answer;
}

Result<Answer> show(const Call& call, const std::string& id_or_name) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto client =
        TRY(core::read_and_wait(*store, [&](core::Reader& reader) { return core::get_client(reader, id_or_name); }));
    return Answer{describe(client), to_json(client)};
}

struct ChangeOptions {
    std::string client;
    std::string name;
    std::vector<std::string> audiences;
    std::vector<std::string> scopes;
    bool no_scopes = false;
};

Result<Answer> change(const Call& call, const ChangeOptions& options) {
    core::ClientChange change;
    if (!options.name.empty()) change.name = options.name;
    if (!options.audiences.empty()) change.audiences = options.audiences;
    if (!options.scopes.empty() || options.no_scopes) change.scopes = options.scopes;
    if (!options.scopes.empty() && options.no_scopes) return usage_error("Give --scope or --no-scopes, not both");
    if (!change.name && !change.audiences && !change.scopes) {
        return usage_error("Say what to change: --name, --audience, --scope or --no-scopes");
    }
    const auto changed =
        TRY(step_on_client(call, options.client,
                           [&](core::Transaction& transaction, const core::ClientId& id, const core::Actor& actor,
                               Timestamp now) { return core::change_client(transaction, id, change, actor, now); }));
    return Answer{describe(changed), to_json(changed)};
}

Result<Answer> renew_secret(const Call& call, const std::string& id_or_name) {
    const auto renewed = TRY(step_on_client(call, id_or_name, core::renew_client_secret));
    return show_secret(renewed);
}

Result<Answer> remove(const Call& call, const std::string& id_or_name) {
    TRY(step_on_client(call, id_or_name, core::delete_client));
    return Answer{"Deleted the client " + id_or_name + "; its tokens are refused\n",
                  boost::json::object{{"deleted", id_or_name}}};
}

using Step = Result<core::Client> (*)(core::Transaction&, const core::ClientId&, const core::Actor&, Timestamp);

Result<Answer> take_step(const Call& call, const std::string& id_or_name, Step step) {
    const auto client = TRY(step_on_client(call, id_or_name, step));
    return Answer{describe(client), to_json(client)};
}

// A command about one client: `postern client NAME CLIENT`.
template <typename Run>
void add_about_one(CLI::App& group, Plan& plan, const std::string& name, const std::string& text, Run run) {
    auto client = std::make_shared<std::string>();
    CLI::App& command = add_store_command(group, plan, {name, text, "postern client " + name + " billing"},
                                          [client, run](const Call& call) { return run(call, *client); });
    command.add_option("CLIENT", *client, "Its id or its name")->required();
}

void add_create(CLI::App& group, Plan& plan) {
    auto wanted = std::make_shared<core::NewClient>();
    CLI::App& command = add_store_command(
        group, plan,
        {"create", "Make a client; its secret is shown this once",
         "postern client create billing --audience https://api.example.com\n"
         "  postern client create reports --audience https://api.example.com --scope orders:read --json"},
        [wanted](const Call& call) { return create(call, *wanted); });
    command.add_option("NAME", wanted->name, "What people call it; no other client has that name")->required();
    command.add_option("--audience", wanted->audiences, "An API whose tokens it asks about and gets; may be repeated")
        ->required()
        ->type_name("AUDIENCE")
        ->allow_extra_args(false);
    command.add_option("--scope", wanted->scopes, "What its own tokens may be for; may be repeated")
        ->type_name("SCOPE")
        ->allow_extra_args(false);
}

void add_change(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<ChangeOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"change", "Replace what a client is called or may do; taking something away ends its tokens",
         "postern client change billing --audience https://api.example.com --audience https://files.example.com"},
        [options](const Call& call) { return change(call, *options); });
    command.add_option("CLIENT", options->client, "Its id or its name")->required();
    command.add_option("--name", options->name, "Its new name")->type_name("NAME");
    command.add_option("--audience", options->audiences, "All the audiences that it is to have; may be repeated")
        ->type_name("AUDIENCE")
        ->allow_extra_args(false);
    command.add_option("--scope", options->scopes, "All the scopes that it is to have; may be repeated")
        ->type_name("SCOPE")
        ->allow_extra_args(false);
    command.add_flag("--no-scopes", options->no_scopes, "Take every scope away");
}

}  // namespace

void add_client_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"client", "Make and manage clients (service accounts)", "postern client list"});
    const auto step = [](Step chosen) {
        return [chosen](const Call& call, const std::string& client) { return take_step(call, client, chosen); };
    };
    add_create(group, plan);
    add_store_command(group, plan, {"list", "List the clients", "postern client list --json"}, list);
    add_about_one(group, plan, "show", "Show one client", show);
    add_change(group, plan);
    add_about_one(group, plan, "renew-secret", "Give a client another secret; the former one and its tokens end",
                  renew_secret);
    add_about_one(group, plan, "disable", "Refuse a client and its tokens", step(core::disable_client));
    add_about_one(group, plan, "enable", "Undo disable; earlier tokens stay refused", step(core::enable_client));
    add_about_one(group, plan, "delete", "Delete a client; its tokens are refused", remove);
}

}  // namespace postern::cli

// postern account …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "base/ascii.hpp"
#include "cli/account_text.hpp"
#include "cli/command.hpp"
#include "core/accounts.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t accounts_per_read = 500;

Result<Answer> remove(const Call& call, const std::string& address) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    auto erase = [&](core::Transaction& transaction) -> Result<void> {
        auto account = TRY(core::get_account(transaction, email.key));
        return core::delete_account(transaction, std::move(account), call.actor(), call.tools.clock.now());
    };
    TRY(core::write_and_wait(*store, erase));
    return Answer{"Deleted " + email.key + " and ended its sessions\n", boost::json::object{{"deleted", email.key}}};
}

void add_delete(CLI::App& group, Plan& plan) {
    auto email = std::make_shared<std::string>();
    CLI::App& command = add_store_command(
        group, plan,
        {"delete", "Delete an account, its sessions and its tokens", "postern account delete ada@example.com"},
        [email](const Call& call) { return remove(call, *email); });
    command.add_option("EMAIL", *email, "Its address")->required();
}

Result<Answer> show(const Call& call, const std::string& address) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto account =
        TRY(core::read_and_wait(*store, [&](core::Reader& reader) { return core::get_account(reader, email.key); }));
    return Answer{describe(account), to_json(account)};
}

void add_show(CLI::App& group, Plan& plan) {
    auto email = std::make_shared<std::string>();
    CLI::App& command =
        add_store_command(group, plan, {"show", "Show one account", "postern account show ada@example.com --json"},
                          [email](const Call& call) { return show(call, *email); });
    command.add_option("EMAIL", *email, "Its address")->required();
}

struct ListOptions {
    std::string query;
    std::string kind;
    std::string state;
    bool admins = false;
};

Result<core::AccountFilter> filter_of(const Call& call, const ListOptions& options) {
    const auto email = call.tools.text.parse_email(options.query);
    core::AccountFilter filter{.text = email ? email->key : to_lower_ascii(options.query),
                               .kind = core::parse_account_kind(options.kind),
                               .admin = options.admins ? std::optional(true) : std::nullopt,
                               .disabled = std::nullopt,
                               .active = std::nullopt};
    if (!options.kind.empty() && !filter.kind) return usage_error("--kind is standard or demo, not " + options.kind);
    if (options.state.empty()) return filter;
    const auto state = core::parse_account_state(options.state);
    if (!state) return usage_error("--state is active, inactive or disabled, not " + options.state);
    core::narrow(filter, *state);
    return filter;
}

// Written page by page: a list of a million accounts needs the memory of one page.
Result<Answer> list(const Call& call, const ListOptions& options) {
    const core::AccountFilter filter = TRY(filter_of(call, options));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    std::optional<core::AccountId> last;
    const char* separator = "[";
    for (;;) {
        const auto page = TRY(core::read_and_wait(
            *store, [&](core::Reader& reader) { return reader.search_accounts(filter, last, accounts_per_read); }));
        for (const core::Account& account : page) {
            if (call.json) {
                call.console.out << separator << boost::json::serialize(to_json(account));
                separator = ",\n";
            } else {
                call.console.out << line_of(account);
            }
        }
        if (page.size() < accounts_per_read) break;
        last = page.back().id;
    }
    if (call.json) call.console.out << (*separator == '[' ? "[]\n" : "]\n");
    return Answer{};
}

void add_list(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<ListOptions>();
    CLI::App& command =
        add_store_command(group, plan,
                          {"list", "List accounts, all of them or those that fit",
                           "postern account list --json\n  postern account list --query example.com --state inactive"},
                          [options](const Call& call) { return list(call, *options); });
    command.add_option("--query", options->query, "Stands somewhere in the address")->type_name("TEXT");
    command.add_option("--kind", options->kind, "standard or demo")->type_name("KIND");
    command.add_option("--state", options->state, "active, inactive (not activated or not verified) or disabled")
        ->type_name("STATE");
    command.add_flag("--admins", options->admins, "Only administrators");
}

Description step(const std::string& name, const std::string& text) {
    return {name, text, "postern account " + name + " ada@example.com"};
}

}  // namespace

void add_account_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"account", "Make and manage accounts", "postern account list"});
    add_account_create(group, plan);
    add_account_step(group, plan, step("activate", "Let a standard account log in"), core::activate_account,
                     "activated");
    add_account_step(group, plan, step("disable", "End an account's sessions and refuse its logins"),
                     core::disable_account, "disabled; its sessions have ended");
    add_account_step(group, plan, step("enable", "Undo disable"), core::enable_account, "enabled");
    add_account_step(group, plan, step("verify", "Take an account's address for verified"), core::verify_account,
                     "verified");
    add_account_step(group, plan, step("convert", "Make a standard account of a demo account"), core::convert_account,
                     "a standard account");
    add_delete(group, plan);
    add_account_password(group, plan);
    add_account_mailing(group, plan);
    add_account_roles(group, plan);
    add_account_claims(group, plan);
    add_show(group, plan);
    add_list(group, plan);
    add_import_commands(group, plan);
}

}  // namespace postern::cli

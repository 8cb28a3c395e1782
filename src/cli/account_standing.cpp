// postern account invite, reset, roles, grant-admin, take-admin: what its holder may do, and getting them in.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/account_text.hpp"
#include "core/invitation.hpp"
#include "core/password_reset.hpp"

namespace postern::cli {
namespace {

using Mailing = Result<void> (*)(core::Transaction&, const core::SecretDeriver&, const core::Account&,
                                 const core::AccountPolicy&, const core::Actor&, Timestamp);

Result<Answer> mail(const Call& call, const std::string& address, Mailing step) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::SecretDeriver* secrets = TRY(workplace->secrets());
    auto send = [&](core::Transaction& transaction, core::Account account, const core::Actor& actor,
                    Timestamp now) -> Result<core::Account> {
        TRY(step(transaction, *secrets, account, workplace->account_policy(), actor, now));
        return account;
    };
    const core::Account account = TRY(step_on_account(call, *store, email, send));
    return Answer{"A link to choose a password is queued for " + account.email + "; a running server sends it\n",
                  to_json(account)};
}

void add_mailing(CLI::App& group, Plan& plan, const std::string& name, const std::string& text, Mailing step) {
    auto email = std::make_shared<std::string>();
    CLI::App& command = add_store_command(group, plan, {name, text, "postern account " + name + " ada@example.com"},
                                          [=](const Call& call) { return mail(call, *email, step); });
    command.add_option("EMAIL", *email, "Its address")->required();
}

struct RolesOptions {
    std::string email;
    std::vector<std::string> roles;
    bool none = false;
};

Result<Answer> set_roles(const Call& call, const RolesOptions& options) {
    if (options.roles.empty() != options.none) {
        return usage_error("Name all the roles that it is to have, or --none");
    }
    const auto email = TRY(call.tools.text.parse_email(options.email));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    auto set = [&](core::Transaction& transaction, core::Account account, const core::Actor& actor, Timestamp now) {
        return core::set_roles(transaction, std::move(account), options.roles, actor, now);
    };
    const core::Account account = TRY(step_on_account(call, *store, email, set));
    std::string words;
    for (const std::string& role : account.roles) words += " " + role;
    return Answer{account.email + " has the roles:" + (words.empty() ? " none" : words) + "\n", to_json(account)};
}

AccountStep set_admin(bool admin) {
    return [admin](core::Transaction& transaction, core::Account account, const core::Actor& actor, Timestamp now) {
        return core::set_admin(transaction, std::move(account), admin, actor, now);
    };
}

}  // namespace

void add_account_mailing(CLI::App& group, Plan& plan) {
    add_mailing(group, plan, "invite", "Mail a link that activates the account and lets its holder choose a password",
                core::invite_account);
    add_mailing(group, plan, "reset", "Mail a link to choose a new password", core::start_password_reset);
}

void add_account_roles(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<RolesOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"roles", "Replace an account's roles; a change ends its sessions",
         "postern account roles ada@example.com billing support\n  postern account roles ada@example.com --none"},
        [options](const Call& call) { return set_roles(call, *options); });
    command.add_option("EMAIL", options->email, "Its address")->required();
    command.add_option("ROLE", options->roles, "All the roles that it is to have");
    command.add_flag("--none", options->none, "Take every role away");
    add_account_step(group, plan,
                     {"grant-admin", "Make an account an administrator; ends its sessions",
                      "postern account grant-admin ada@example.com"},
                     set_admin(true), "an administrator");
    add_account_step(group, plan,
                     {"take-admin", "Make an administrator an ordinary account; ends its sessions",
                      "postern account take-admin ada@example.com"},
                     set_admin(false), "no administrator");
}

}  // namespace postern::cli

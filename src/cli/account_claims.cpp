// postern account scopes, claims: what an account's tokens say of it.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "cli/account_text.hpp"
#include "core/account_claims.hpp"

namespace postern::cli {
namespace {

struct ScopesOptions {
    std::string email;
    std::vector<std::string> scopes;
    bool none = false;
};

struct ClaimsOptions {
    std::string email;
    std::string set;
    bool none = false;
};

Result<core::Account> change(const Call& call, const std::string& address, const AccountStep& step) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    return step_on_account(call, *store, email, step);
}

Result<Answer> set_scopes(const Call& call, const ScopesOptions& options) {
    if (options.scopes.empty() != options.none) {
        return usage_error("Name all the scopes that it is to have, or --none");
    }
    auto set = [&](core::Transaction& transaction, core::Account account, const core::Actor& actor, Timestamp now) {
        return core::set_scopes(transaction, std::move(account), options.scopes, actor, now);
    };
    const core::Account account = TRY(change(call, options.email, set));
    std::string words;
    for (const std::string& scope : account.scopes) words += " " + scope;
    return Answer{account.email + " has the scopes:" + (words.empty() ? " none" : words) + "\n", to_json(account)};
}

Result<Answer> set_claims(const Call& call, const ClaimsOptions& options) {
    if (!options.set.empty() && options.none) return usage_error("--set or --none, not both");
    const bool shows = options.set.empty() && !options.none;
    auto set = [&](core::Transaction& transaction, core::Account account, const core::Actor& actor,
                   Timestamp now) -> Result<core::Account> {
        if (shows) return account;
        return core::set_custom_claims(transaction, std::move(account), options.none ? "{}" : options.set, actor, now);
    };
    const core::Account account = TRY(change(call, options.email, set));
    return Answer{boost::json::serialize(claims_of(account)) + "\n", to_json(account)};
}

}  // namespace

void add_account_claims(CLI::App& group, Plan& plan) {
    auto scopes = std::make_shared<ScopesOptions>();
    CLI::App& scopes_command =
        add_store_command(group, plan,
                          {"scopes", "Replace the scopes of an account's tokens; a change ends its sessions",
                           "postern account scopes ada@example.com orders:read orders:write\n"
                           "  postern account scopes ada@example.com --none"},
                          [scopes](const Call& call) { return set_scopes(call, *scopes); });
    scopes_command.add_option("EMAIL", scopes->email, "Its address")->required();
    scopes_command.add_option("SCOPE", scopes->scopes, "All the scopes that it is to have");
    scopes_command.add_flag("--none", scopes->none, "Take every scope away");

    auto claims = std::make_shared<ClaimsOptions>();
    CLI::App& claims_command =
        add_store_command(group, plan,
                          {"claims", "Show or replace the claims of an account's own; a change ends its sessions",
                           "postern account claims ada@example.com\n"
                           "  postern account claims ada@example.com --set '{\"tenant\":\"acme\"}'"},
                          [claims](const Call& call) { return set_claims(call, *claims); });
    claims_command.add_option("EMAIL", claims->email, "Its address")->required();
    claims_command.add_option("--set", claims->set, "All the claims that it is to have, a JSON object")
        ->type_name("JSON");
    claims_command.add_flag("--none", claims->none, "Take every claim away");
}

}  // namespace postern::cli

// postern throttle …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/limits.hpp"
#include "cli/account_text.hpp"
#include "core/lockouts.hpp"

namespace postern::cli {
namespace {

Result<Answer> list(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const auto lockouts = TRY(core::read_and_wait(*store, [&](core::Reader& reader) {
        return core::list_lockouts(reader, workplace->throttle_policy(), call.tools.clock.now(),
                                   limits::page_entries_most);
    }));
    Answer answer;
    boost::json::array accounts;
    for (const core::Lockout& lockout : lockouts.accounts) {
        answer.text += lockout.account.email + "  failures " + std::to_string(lockout.failures) + "  until " +
                       format_time(lockout.until) + "\n";
        accounts.push_back({{"email", lockout.account.email},
                            {"account_id", lockout.account.id.text()},
                            {"failures", lockout.failures},
                            {"locked_until", json_time(lockout.until)}});
    }
    if (lockouts.unknown_addresses > 0) {
        answer.text += "and " + std::to_string(lockouts.unknown_addresses) + " addresses of no account\n";
    }
    if (answer.text.empty()) answer.text = "No account is locked\n";
    answer.json = {{"accounts", std::move(accounts)}, {"unknown_addresses", lockouts.unknown_addresses}};
    return answer;
}

Result<core::Account> unlock(core::Transaction& transaction, core::Account account, const core::Actor& actor,
                             Timestamp now) {
    TRY(core::lift_lockout(transaction, account, actor, now));
    return account;
}

}  // namespace

void add_throttle_commands(CLI::App& app, Plan& plan) {
    CLI::App& group =
        add_group(app, {"throttle", "See and unlock accounts after failed logins", "postern throttle list"});
    add_store_command(group, plan,
                      {"list", "List the accounts that failed logins have locked", "postern throttle list"}, list);
    add_account_step(group, plan,
                     {"unlock", "Forget the failed logins of an account", "postern throttle unlock ada@example.com"},
                     unlock, "unlocked");
}

}  // namespace postern::cli

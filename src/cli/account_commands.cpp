// postern account …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <ostream>

#include "base/limits.hpp"
#include "cli/command.hpp"
#include "core/accounts.hpp"
#include "core/password_policy.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t accounts_per_read = 500;

std::string state_word(const core::Account& account) {
    if (account.disabled_at) return "disabled";
    if (core::is_active(account)) return "active";
    return account.kind == core::AccountKind::demo ? "unverified" : "not activated";
}

boost::json::value to_json(const core::Account& account) {
    return {{"id", account.id.text()},
            {"email", account.email},
            {"kind", core::word(account.kind)},
            {"state", state_word(account)},
            {"admin", account.admin},
            {"created_at", json_time(account.created_at)},
            {"activated_at", json_time(account.activated_at)},
            {"email_verified_at", json_time(account.email_verified_at)},
            {"disabled_at", json_time(account.disabled_at)},
            {"last_login_at", json_time(account.last_login_at)}};
}

std::string line_of(const core::Account& account) {
    return account.id.text() + "  " + std::string(core::word(account.kind)) + "  " + state_word(account) +
           (account.admin ? "  admin" : "") + "  " + account.email + "\n";
}

std::string when(const std::optional<Timestamp>& time, const char* otherwise) {
    return time ? format_time(*time) : otherwise;
}

std::string describe(const core::Account& account) {
    return "email          " + account.email + "\nid             " + account.id.text() + "\nkind           " +
           std::string(core::word(account.kind)) + "\nstate          " + state_word(account) + "\nadministrator  " +
           (account.admin ? "yes" : "no") + "\ncreated        " + format_time(account.created_at) +
           "\nactivated      " + when(account.activated_at, "no") + "\nverified       " +
           when(account.email_verified_at, "no") + "\ndisabled       " + when(account.disabled_at, "no") +
           "\nlast login     " + when(account.last_login_at, "never") + "\n";
}

// From standard input when told so, else twice from the terminal.
Result<SecretString> read_password(const Console& console, bool from_input) {
    if (from_input) {
        const SecretString input = TRY(console.read_input(2 * limits::password_maximum_bytes));
        return SecretString{without_line_end(input.reveal())};
    }
    if (!console.interactive) {
        return usage_error("No terminal to ask for the password; pipe it in and add --password-stdin");
    }
    SecretString first = TRY(console.ask_secret("Password: "));
    const SecretString second = TRY(console.ask_secret("The same again: "));
    if (first.reveal() != second.reveal()) {
        return invalid_input("passwords_differ", "The two passwords differ; nothing was changed");
    }
    return first;
}

Result<std::string> hash_new_password(const Call& call, Workplace& workplace, const core::EmailAddress& email,
                                      bool from_input) {
    const SecretString password = TRY(read_password(call.console, from_input));
    const SecretString accepted =
        TRY(core::accept_new_password(call.tools.text, password, email, workplace.account_policy().passwords));
    const core::Hasher* hasher = TRY(workplace.hasher());
    return hasher->hash(accepted);
}

struct CreateOptions {
    std::string email;
    std::string kind = "standard";
    bool activated = false;
    bool verified = false;
    bool admin = false;
    bool password_stdin = false;
};

Result<Answer> create(const Call& call, const CreateOptions& options) {
    const auto kind = core::parse_account_kind(options.kind);
    if (!kind) return usage_error("--kind is standard or demo, not " + options.kind);
    core::NewAccount wanted{.email = TRY(call.tools.text.parse_email(options.email)),
                            .kind = *kind,
                            .activated = options.activated,
                            .verified = options.verified,
                            .admin = options.admin,
                            .password_hash = {}};
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    wanted.password_hash = TRY(hash_new_password(call, *workplace, wanted.email, options.password_stdin));
    const core::Hasher* hasher = TRY(workplace->hasher());
    wanted.password_scheme = hasher->scheme(wanted.password_hash);
    const core::Account account = TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::create_account(transaction, wanted, call.actor(), call.tools.clock.now());
    }));
    std::string next;
    if (!core::is_active(account)) {
        const bool demo = account.kind == core::AccountKind::demo;
        next = std::string("It can log in after: postern account ") + (demo ? "verify " : "activate ") + account.email +
               "\n";
    }
    return Answer{"Made the account " + account.email + "\n" + next, to_json(account)};
}

void add_create(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<CreateOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"create", "Make an account; asks for its password",
         "postern account create ada@example.com --activated\n"
         "  printf %s \"$PASSWORD\" | postern account create ada@example.com --activated --password-stdin"},
        [options](const Call& call) { return create(call, *options); });
    command.add_option("EMAIL", options->email, "Its address")->required();
    command.add_option("--kind", options->kind, "standard (must be activated) or demo (must be verified)")
        ->type_name("KIND");
    command.add_flag("--activated", options->activated, "Activate it at once");
    command.add_flag("--verified", options->verified, "Take its address for verified");
    command.add_flag("--admin", options->admin, "Make it an administrator");
    command.add_flag("--password-stdin", options->password_stdin, "Read the password from standard input");
}

using Change = Result<core::Account> (*)(core::Transaction&, core::Account, const core::Actor&, Timestamp);

Result<core::Account> step_on_account(core::Transaction& transaction, std::string_view email_key, Change step,
                                      const Call& call) {
    auto account = TRY(core::get_account(transaction, email_key));
    return step(transaction, std::move(account), call.actor(), call.tools.clock.now());
}

Result<Answer> change(const Call& call, const std::string& address, Change step, const std::string& done) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::Account account = TRY(core::write_and_wait(
        *store, [&](core::Transaction& transaction) { return step_on_account(transaction, email.key, step, call); }));
    return Answer{account.email + " is " + done + "\n", to_json(account)};
}

void add_change(CLI::App& group, Plan& plan, const std::string& name, const std::string& text, Change step,
                const std::string& done) {
    auto email = std::make_shared<std::string>();
    CLI::App& command = add_store_command(group, plan, {name, text, "postern account " + name + " ada@example.com"},
                                          [=](const Call& call) { return change(call, *email, step, done); });
    command.add_option("EMAIL", *email, "Its address")->required();
}

Result<Answer> remove(const Call& call, const std::string& address) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) -> Result<void> {
        auto account = TRY(core::get_account(transaction, email.key));
        return core::delete_account(transaction, std::move(account), call.actor(), call.tools.clock.now());
    }));
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

Result<Answer> set_password(const Call& call, const std::string& address, bool from_input) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::Hasher* hasher = TRY(workplace->hasher());
    const std::string hash = TRY(hash_new_password(call, *workplace, email, from_input));
    auto set = [&](core::Transaction& transaction) -> Result<core::Account> {
        auto found = TRY(core::get_account(transaction, email.key));
        return core::set_password(transaction, std::move(found), hash, hasher->scheme(hash), call.actor(),
                                  call.tools.clock.now());
    };
    const core::Account account = TRY(core::write_and_wait(*store, set));
    return Answer{account.email + " has a new password; its earlier sessions have ended\n", to_json(account)};
}

void add_password(CLI::App& group, Plan& plan) {
    struct Options {
        std::string email;
        bool password_stdin = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App& command = add_store_command(
        group, plan,
        {"password", "Set a new password, and end every session of the account",
         "postern account password ada@example.com"},
        [options](const Call& call) { return set_password(call, options->email, options->password_stdin); });
    command.add_option("EMAIL", options->email, "Its address")->required();
    command.add_flag("--password-stdin", options->password_stdin, "Read the password from standard input");
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

// Written page by page: a list of a million accounts needs the memory of one page.
Result<Answer> list(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    std::optional<core::AccountId> last;
    const char* separator = "[";
    for (;;) {
        const auto page = TRY(core::read_and_wait(
            *store, [&](core::Reader& reader) { return reader.list_accounts(last, accounts_per_read); }));
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

}  // namespace

void add_account_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"account", "Make and manage accounts", "postern account list"});
    add_create(group, plan);
    add_change(group, plan, "activate", "Let a standard account log in", core::activate_account, "activated");
    add_change(group, plan, "disable", "End an account's sessions and refuse its logins", core::disable_account,
               "disabled; its sessions have ended");
    add_change(group, plan, "enable", "Undo disable", core::enable_account, "enabled");
    add_change(group, plan, "verify", "Take an account's address for verified", core::verify_account, "verified");
    add_delete(group, plan);
    add_password(group, plan);
    add_show(group, plan);
    add_store_command(group, plan, {"list", "List every account", "postern account list --json"}, list);
}

}  // namespace postern::cli

// postern account create, password: where a password comes in.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/limits.hpp"
#include "cli/account_text.hpp"
#include "core/invitation.hpp"
#include "core/new_password.hpp"
#include "core/profile.hpp"

namespace postern::cli {
namespace {

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

Result<core::NewPassword> ask_new_password(const Call& call, Workplace& workplace, const core::EmailAddress& email,
                                           bool from_input) {
    const SecretString password = TRY(read_password(call.console, from_input));
    const core::Hasher* hasher = TRY(workplace.hasher());
    return core::make_new_password(*hasher, call.tools.text, password, email, workplace.account_policy().passwords);
}

struct CreateOptions {
    std::string email;
    std::string kind = "standard";
    std::vector<std::string> roles;
    std::string display_name;
    std::string locale;
    bool activated = false;
    bool verified = false;
    bool admin = false;
    bool invite = false;
    bool no_password = false;
    bool password_stdin = false;
};

Result<core::NewAccount> wanted_account(const Call& call, const CreateOptions& options) {
    const auto kind = core::parse_account_kind(options.kind);
    if (!kind) return usage_error("--kind is standard or demo, not " + options.kind);
    if (options.password_stdin && (options.no_password || options.invite)) {
        return usage_error("--password-stdin gives a password; leave out --invite and --no-password");
    }
    core::NewAccount wanted{.email = TRY(call.tools.text.parse_email(options.email)),
                            .kind = *kind,
                            .activated = options.activated,
                            .verified = options.verified,
                            .admin = options.admin,
                            .password_hash = {},
                            .password_scheme = {}};
    wanted.display_name = TRY(core::accept_display_name(call.tools.text, options.display_name));
    wanted.locale = TRY(core::accept_locale(options.locale));
    wanted.roles = TRY(core::accept_roles(options.roles));
    return wanted;
}

std::string what_is_next(const core::Account& account, bool invited) {
    if (invited) return "A link to choose a password is on its way to its holder\n";
    if (!core::is_active(account)) {
        const bool demo = account.kind == core::AccountKind::demo;
        return std::string("It can log in after: postern account ") + (demo ? "verify " : "activate ") + account.email +
               "\n";
    }
    if (account.password_hash.empty()) return "It has no password; see: postern account invite " + account.email + "\n";
    return "";
}

Result<Answer> create(const Call& call, const CreateOptions& options) {
    core::NewAccount wanted = TRY(wanted_account(call, options));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::SecretDeriver* secrets = options.invite ? TRY(workplace->secrets()) : nullptr;
    if (!options.invite && !options.no_password) {
        auto password = TRY(ask_new_password(call, *workplace, wanted.email, options.password_stdin));
        wanted.password_hash = std::move(password.hash);
        wanted.password_scheme = std::move(password.scheme);
    }
    auto make = [&](core::Transaction& transaction) -> Result<core::Account> {
        const Timestamp now = call.tools.clock.now();
        auto account = TRY(core::create_account(transaction, wanted, call.actor(), now));
        if (secrets != nullptr) {
            TRY(core::invite_account(transaction, *secrets, account, workplace->account_policy(), call.actor(), now));
        }
        return account;
    };
    const core::Account account = TRY(core::write_and_wait(*store, make));
    return Answer{"Made the account " + account.email + "\n" + what_is_next(account, options.invite), to_json(account)};
}

Result<Answer> set_password(const Call& call, const std::string& address, bool from_input) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const core::NewPassword password = TRY(ask_new_password(call, *workplace, email, from_input));
    auto set = [&](core::Transaction& transaction, core::Account account, const core::Actor& actor, Timestamp now) {
        return core::set_password(transaction, std::move(account), password, actor, now);
    };
    const core::Account account = TRY(step_on_account(call, *store, email, set));
    return Answer{account.email + " has a new password; its earlier sessions have ended\n", to_json(account)};
}

}  // namespace

void add_account_create(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<CreateOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"create", "Make an account; asks for its password",
         "postern account create ada@example.com --activated\n"
         "  postern account create ada@example.com --invite\n"
         "  printf %s \"$PASSWORD\" | postern account create ada@example.com --activated --password-stdin"},
        [options](const Call& call) { return create(call, *options); });
    command.add_option("EMAIL", options->email, "Its address")->required();
    command.add_option("--kind", options->kind, "standard (must be activated) or demo (must be verified)")
        ->type_name("KIND");
    command.add_option("--role", options->roles, "A role of it; may be repeated")
        ->type_name("ROLE")
        ->allow_extra_args(false);
    command.add_option("--name", options->display_name, "What people call its holder")->type_name("NAME");
    command.add_option("--locale", options->locale, "The language of mail to it, such as de")->type_name("TAG");
    command.add_flag("--activated", options->activated, "Activate it at once");
    command.add_flag("--verified", options->verified, "Take its address for verified");
    command.add_flag("--admin", options->admin, "Make it an administrator");
    command.add_flag("--invite", options->invite, "Give it no password; mail its holder a link to choose one");
    command.add_flag("--no-password", options->no_password, "Give it no password");
    command.add_flag("--password-stdin", options->password_stdin, "Read the password from standard input");
}

void add_account_password(CLI::App& group, Plan& plan) {
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

}  // namespace postern::cli

#include "cli/account_text.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/json.hpp"

namespace postern::cli {
namespace {

std::string state_word(const core::Account& account) {
    if (account.disabled_at) return "disabled";
    if (core::is_active(account)) return "active";
    return account.kind == core::AccountKind::demo ? "unverified" : "not activated";
}

std::string when(const std::optional<Timestamp>& time, const char* otherwise) {
    return time ? format_time(*time) : otherwise;
}

std::string or_none(const std::string& text) {
    return text.empty() ? "none" : text;
}

std::string words_of(const std::vector<std::string>& roles) {
    std::string words;
    for (const std::string& role : roles) words += (words.empty() ? "" : " ") + role;
    return words;
}

}  // namespace

boost::json::value claims_of(const core::Account& account) {
    auto claims = parse_json(account.custom_claims.empty() ? "{}" : account.custom_claims);
    return claims.has_value() ? std::move(*claims) : boost::json::value(boost::json::object());
}

boost::json::value to_json(const core::Account& account) {
    return {{"id", account.id.text()},
            {"email", account.email},
            {"kind", core::word(account.kind)},
            {"state", state_word(account)},
            {"admin", account.admin},
            {"roles", boost::json::array(account.roles.begin(), account.roles.end())},
            {"scopes", boost::json::array(account.scopes.begin(), account.scopes.end())},
            {"claims", claims_of(account)},
            {"display_name", account.display_name},
            {"locale", account.locale},
            {"has_password", !account.password_hash.empty()},
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

std::string describe(const core::Account& account) {
    return "email          " + account.email + "\nid             " + account.id.text() + "\nkind           " +
           std::string(core::word(account.kind)) + "\nstate          " + state_word(account) + "\nadministrator  " +
           (account.admin ? "yes" : "no") + "\nroles          " + or_none(words_of(account.roles)) +
           "\nscopes         " + or_none(words_of(account.scopes)) + "\nclaims         " +
           or_none(account.custom_claims) + "\nname           " + or_none(account.display_name) + "\nlocale         " +
           or_none(account.locale) + "\npassword       " + (account.password_hash.empty() ? "none" : "set") +
           "\ncreated        " + format_time(account.created_at) + "\nactivated      " +
           when(account.activated_at, "no") + "\nverified       " + when(account.email_verified_at, "no") +
           "\ndisabled       " + when(account.disabled_at, "no") + "\nlast login     " +
           when(account.last_login_at, "never") + "\n";
}

Result<core::Account> step_on_account(const Call& call, core::Store& store, const core::EmailAddress& email,
                                      const AccountStep& step) {
    return core::write_and_wait(store, [&](core::Transaction& transaction) -> Result<core::Account> {
        auto account = TRY(core::get_account(transaction, email.key));
        return step(transaction, std::move(account), call.actor(), call.tools.clock.now());
    });
}

void add_account_step(CLI::App& group, Plan& plan, const Description& description, const AccountStep& step,
                      const std::string& done) {
    auto address = std::make_shared<std::string>();
    auto action = [=](const Call& call) -> Result<Answer> {
        const auto email = TRY(call.tools.text.parse_email(*address));
        const auto workplace = TRY(call.tools.open_workplace(call.location));
        core::Store* store = TRY(workplace->store());
        const core::Account account = TRY(step_on_account(call, *store, email, step));
        return Answer{account.email + " is " + done + "\n", to_json(account)};
    };
    add_store_command(group, plan, description, action).add_option("EMAIL", *address, "Its address")->required();
}

}  // namespace postern::cli

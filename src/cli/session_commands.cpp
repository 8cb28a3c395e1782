// postern session …
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/encoding.hpp"
#include "cli/command.hpp"
#include "core/accounts.hpp"
#include "core/revocation.hpp"
#include "core/sessions.hpp"

namespace postern::cli {
namespace {

// More than one account can have live; with ended ones, the newest.
constexpr std::size_t sessions_shown = 1000;

std::string state_word(const core::Session& session, Timestamp now) {
    if (session.ended_at) return "ended: " + session.end_reason;
    return core::is_live(session, now) ? "live" : "expired";
}

boost::json::value to_json(const core::Session& session, Timestamp now) {
    return {{"id", session.id.text()},
            {"account_id", session.account_id.text()},
            {"client_id", session.client_id},
            {"live", core::is_live(session, now)},
            {"permanent", session.permanent},
            {"created_at", json_time(session.created_at)},
            {"last_used_at", json_time(session.last_used_at)},
            {"idle_deadline", json_time(session.idle_deadline)},
            {"ends_at", json_time(session.ends_at)},
            {"ended_at", json_time(session.ended_at)},
            {"end_reason", session.end_reason},
            {"address", session.address},
            {"user_agent", session.user_agent}};
}

std::string line_of(const core::Session& session, Timestamp now) {
    return session.id.text() + "  since " + format_time(session.created_at) + "  used " +
           format_time(session.last_used_at) + "  from " + (session.address.empty() ? "-" : session.address) + "  " +
           state_word(session, now) + "\n";
}

Result<std::vector<core::Session>> find_sessions(core::Reader& reader, std::string_view email_key, bool ended_too) {
    const auto account = TRY(core::get_account(reader, email_key));
    return reader.list_sessions(account.id, ended_too, sessions_shown);
}

Result<Answer> list(const Call& call, const std::string& address, bool ended_too) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    const Timestamp now = call.tools.clock.now();
    const auto sessions = TRY(
        core::read_and_wait(*store, [&](core::Reader& reader) { return find_sessions(reader, email.key, ended_too); }));
    Answer answer;
    boost::json::array array;
    for (const core::Session& session : sessions) {
        answer.text += line_of(session, now);
        array.push_back(to_json(session, now));
    }
    if (sessions.empty()) answer.text = email.key + " has no sessions\n";
    answer.json = std::move(array);
    return answer;
}

struct EndOptions {
    std::string id;
    std::string all_of;
};

Result<Answer> end_one(const Call& call, core::Store& store, const std::string& text) {
    const auto id = core::SessionId::parse(text);
    if (!id) return usage_error(quote_for_message(text) + " is no session id; see: postern session list EMAIL");
    const bool ended = TRY(core::write_and_wait(store, [&](core::Transaction& transaction) {
        return core::end_session_by_operator(transaction, *id, call.actor(), call.tools.clock.now());
    }));
    const std::string said = ended ? "Ended the session " : "It had ended already: ";
    return Answer{said + id->text() + "\n", boost::json::object{{"session_id", id->text()}, {"ended", ended}}};
}

Result<std::size_t> end_sessions(core::Transaction& transaction, std::string_view email_key, const core::Actor& actor,
                                 Timestamp now) {
    const auto account = TRY(core::get_account(transaction, email_key));
    return core::end_sessions_by_operator(transaction, account, actor, now);
}

Result<Answer> end_all(const Call& call, core::Store& store, const std::string& address) {
    const auto email = TRY(call.tools.text.parse_email(address));
    const std::size_t count = TRY(core::write_and_wait(store, [&](core::Transaction& transaction) {
        return end_sessions(transaction, email.key, call.actor(), call.tools.clock.now());
    }));
    return Answer{"Ended " + std::to_string(count) + " sessions of " + email.key + "\n",
                  boost::json::object{{"email", email.key}, {"ended", count}}};
}

Result<Answer> end(const Call& call, const EndOptions& options) {
    if (options.id.empty() == options.all_of.empty()) {
        return usage_error("Name one session id, or --all with an address");
    }
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    return options.id.empty() ? end_all(call, *store, options.all_of) : end_one(call, *store, options.id);
}

void add_list(CLI::App& group, Plan& plan) {
    struct Options {
        std::string email;
        bool ended_too = false;
    };
    auto options = std::make_shared<Options>();
    CLI::App& command = add_store_command(
        group, plan, {"list", "List an account's sessions, newest first", "postern session list ada@example.com"},
        [options](const Call& call) { return list(call, options->email, options->ended_too); });
    command.add_option("EMAIL", options->email, "Its address")->required();
    command.add_flag("--ended", options->ended_too, "Show those that have ended, too");
}

void add_end(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<EndOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"end", "End a session, or all of an account's, with every token",
         "postern session end 01890a5d-ac96-774b-bcce-b302099a8057\n  postern session end --all ada@example.com"},
        [options](const Call& call) { return end(call, *options); });
    command.add_option("ID", options->id, "The session");
    command.add_option("--all", options->all_of, "All sessions of this account")->type_name("EMAIL");
}

}  // namespace

void add_session_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"session", "See and end sessions", "postern session list ada@example.com"});
    add_list(group, plan);
    add_end(group, plan);
}

}  // namespace postern::cli

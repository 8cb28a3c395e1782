#include "cli/command_line.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ostream>
#include <string_view>

namespace postern::cli {
namespace {

void print_error(const Console& console, const Error& error, bool json) {
    if (json) {
        console.error << boost::json::serialize(boost::json::object{{"error", error.message}, {"code", error.code}})
                      << '\n';
    } else {
        console.error << "postern: " << error.message << '\n';
    }
}

// The innermost command that was named, so that its help is what is pointed at.
std::string named_command(const CLI::App& app) {
    const auto chosen = app.get_subcommands();
    return app.get_name() + (chosen.empty() ? "" : " " + named_command(*chosen.front()));
}

int explain_parse_error(CLI::App& app, const CLI::ParseError& error, const Console& console, bool json) {
    const bool asked_for_help = error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
    if (asked_for_help) return app.exit(error, console.out, console.error);
    std::string message = error.what();
    while (message.ends_with('\n') || message.ends_with('.')) message.pop_back();
    print_error(console, usage_error(message + "; see: " + named_command(app) + " --help"), json);
    return status_wrongly_asked;
}

int perform(const Plan& plan, const Tools& tools, const Console& console) {
    const Call call{tools, console, plan.location, plan.json};
    const auto answer = plan.action(call);
    if (!answer) {
        print_error(console, answer.error(), plan.json);
        return plan.status_of_errors.value_or(exit_status(answer.error()));
    }
    if (!plan.json) {
        console.out << answer->text;
    } else if (!answer->json.is_null()) {
        console.out << boost::json::serialize(answer->json) << '\n';
    }
    console.out.flush();
    return answer->status;
}

}  // namespace

int run_command_line(int argc, const char* const* argv, const Tools& tools, const Console& console) {
    CLI::App app("Postern, a self-hosted authentication server", "postern");
    app.require_subcommand(1);
    app.set_version_flag("--version", "postern " + tools.version);
    app.footer("Every command explains itself: postern COMMAND --help");
    Plan plan;
    add_serve_command(app, plan);
    add_account_commands(app, plan);
    add_session_commands(app, plan);
    add_client_commands(app, plan);
    add_outbox_commands(app, plan);
    add_throttle_commands(app, plan);
    add_key_commands(app, plan);
    add_token_commands(app, plan);
    add_audit_commands(app, plan);
    add_backup_command(app, plan);
    add_restore_command(app, plan);
    add_doctor_command(app, plan);
    add_information_commands(app, plan);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const bool json = std::any_of(argv, argv + argc, [](std::string_view word) { return word == "--json"; });
        return explain_parse_error(app, error, console, json);
    }
    return perform(plan, tools, console);
}

}  // namespace postern::cli

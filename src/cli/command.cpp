#include "cli/command.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <array>
#include <ctime>
#include <string_view>

namespace postern::cli {
namespace {

constexpr std::string_view usage_code = "usage";

// Conflicts and absences that are about the store as a whole, not about what was asked of it.
constexpr std::array<std::string_view, 9> store_codes = {
    "invalid_master_key", "store_url",        "directory_missing",  "newer_schema", "store_missing",
    "keys_missing",       "master_key_wrong", "master_key_missing", "wrong_user"};

}  // namespace

CLI::App& add_group(CLI::App& app, const Description& description) {
    CLI::App& group = *app.add_subcommand(description.name, description.text);
    group.require_subcommand(1);
    group.footer("Example:\n  " + description.example);
    return group;
}

CLI::App& add_command(CLI::App& group, Plan& plan, const Description& description, Action action) {
    CLI::App& command = *group.add_subcommand(description.name, description.text);
    command.footer("Example:\n  " + description.example);
    command.add_flag("--json", plan.json, "Print JSON; errors as {\"error\", \"code\"} on standard error");
    command.callback([&plan, action = std::move(action)] { plan.action = action; });
    return command;
}

CLI::App& add_store_command(CLI::App& group, Plan& plan, const Description& description, Action action) {
    CLI::App& command = add_command(group, plan, description, std::move(action));
    command.add_option("--config", plan.location.configuration_file, "Configuration file (TOML)")->type_name("FILE");
    command.add_option("--data", plan.location.data_dir, "Data directory; overrides data_dir")->type_name("DIR");
    return command;
}

std::string format_time(Timestamp time) {
    const std::time_t seconds = to_seconds(time);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

boost::json::value json_time(const std::optional<Timestamp>& time) {
    if (!time) return nullptr;
    return boost::json::value(boost::json::string(format_time(*time)));
}

Error usage_error(std::string message) {
    return invalid_input(std::string(usage_code), std::move(message));
}

int exit_status(const Error& error) {
    if (error.code == usage_code || error.code == "invalid_configuration") return status_wrongly_asked;
    for (const std::string_view code : store_codes) {
        if (error.code == code) return status_not_now;
    }
    switch (error.kind) {
        case ErrorKind::invalid_input:
        case ErrorKind::unauthenticated:
        case ErrorKind::forbidden:
        case ErrorKind::not_found:
        case ErrorKind::conflict: return status_refused;
        case ErrorKind::throttled:
        case ErrorKind::not_current:
        case ErrorKind::overloaded:
        case ErrorKind::unavailable:
        case ErrorKind::internal: return status_not_now;
    }
    return status_not_now;
}

}  // namespace postern::cli

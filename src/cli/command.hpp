// What every command is made of.
#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/console.hpp"
#include "cli/workplace.hpp"
#include "core/audit.hpp"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace postern::cli {

// Exit statuses; docs/cli.md explains them.
inline constexpr int status_done = 0;
inline constexpr int status_refused = 1;
inline constexpr int status_wrongly_asked = 2;
inline constexpr int status_not_now = 3;

struct Answer {
    std::string text;         // for a person, with its line ends
    boost::json::value json;  // for a program; null when the command has written its output itself
    int status = status_done;
};

// What a command has at hand when it runs.
struct Call {
    const Tools& tools;
    const Console& console;
    const Location& location;
    bool json = false;

    // The actor of the audit records.
    [[nodiscard]] core::Actor actor() const { return {"cli:" + tools.user, "", ""}; }
};
using Action = std::function<Result<Answer>(const Call&)>;

// What the parsed command line asks for.
struct Plan {
    Location location;
    bool json = false;
    Action action;
    std::optional<int> status_of_errors;  // where a command has a meaning of its own for "failed"
};

struct Description {
    std::string name;
    std::string text;     // one line
    std::string example;  // one or more lines that can be pasted
};

// A command that holds others, such as `account`.
CLI::App& add_group(CLI::App& app, const Description& description);
// A command with --json and --help.
CLI::App& add_command(CLI::App& group, Plan& plan, const Description& description, Action action);
// One that also takes --config and --data.
CLI::App& add_store_command(CLI::App& group, Plan& plan, const Description& description, Action action);

void add_serve_command(CLI::App& app, Plan& plan);
void add_account_commands(CLI::App& app, Plan& plan);
// Into the group `account`.
void add_import_commands(CLI::App& group, Plan& plan);
void add_session_commands(CLI::App& app, Plan& plan);
void add_client_commands(CLI::App& app, Plan& plan);
void add_outbox_commands(CLI::App& app, Plan& plan);
void add_throttle_commands(CLI::App& app, Plan& plan);
void add_key_commands(CLI::App& app, Plan& plan);
void add_token_commands(CLI::App& app, Plan& plan);
void add_audit_commands(CLI::App& app, Plan& plan);
void add_backup_command(CLI::App& app, Plan& plan);
void add_restore_command(CLI::App& app, Plan& plan);
void add_doctor_command(CLI::App& app, Plan& plan);
void add_information_commands(CLI::App& app, Plan& plan);

// "2027-01-15T08:00:00Z".
std::string format_time(Timestamp time);
boost::json::value json_time(const std::optional<Timestamp>& time);  // null for none

Error usage_error(std::string message);
int exit_status(const Error& error);

}  // namespace postern::cli

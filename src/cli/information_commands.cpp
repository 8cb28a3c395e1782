// postern config, postern version
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/command.hpp"

namespace postern::cli {
namespace {

Result<Answer> show_settings(const Call& call, bool reference) {
    if (reference) {
        return Answer{call.tools.configuration_reference,
                      boost::json::object{{"markdown", call.tools.configuration_reference}}};
    }
    Answer answer;
    boost::json::array array;
    for (const Setting& setting : TRY(call.tools.list_settings(call.location))) {
        answer.text += setting.key + " = " + setting.value;
        answer.text += (setting.origin.empty() ? "" : "  # " + setting.origin) + "\n";
        array.push_back({{"key", setting.key}, {"value", setting.value}, {"origin", setting.origin}});
    }
    answer.json = std::move(array);
    return answer;
}

}  // namespace

void add_information_commands(CLI::App& app, Plan& plan) {
    auto reference = std::make_shared<bool>(false);
    CLI::App& command =
        add_store_command(app, plan,
                          {"config", "Show the configuration in force, and where each value comes from",
                           "postern config --config /etc/postern/postern.toml\n  postern config --reference"},
                          [reference](const Call& call) { return show_settings(call, *reference); });
    command.add_flag("--reference", *reference, "Print a table of every key instead, in Markdown");

    add_command(
        app, plan, {"version", "Say which version this is", "postern version --json"},
        [](const Call& call) -> Result<Answer> {
            return Answer{"postern " + call.tools.version + "\n", boost::json::object{{"version", call.tools.version}}};
        });
}

}  // namespace postern::cli

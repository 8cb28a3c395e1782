// The program: hands the command line what it works with.
#include <exception>
#include <iostream>

#include "app/backup.hpp"
#include "app/configuration_keys.hpp"
#include "app/configuration_value.hpp"
#include "app/data_directory.hpp"
#include "app/doctor.hpp"
#include "app/process.hpp"
#include "app/serve.hpp"
#include "app/version.hpp"
#include "app/workplace.hpp"
#include "base/log.hpp"
#include "base/user.hpp"
#include "cli/command_line.hpp"
#include "crypto/audit_keys.hpp"
#include "crypto/hash_importer.hpp"
#include "crypto/icu_text.hpp"
#include "crypto/key_memory.hpp"
#include "crypto/token_inspector.hpp"

namespace postern::app {
namespace {

Overrides overrides_of(const cli::Location& location) {
    return {.file = location.configuration_file, .data_dir = location.data_dir, .listen = location.listen};
}

std::vector<cli::Setting> settings_of(const Configuration& configuration) {
    std::vector<cli::Setting> settings;
    for (const Key& key : configuration_keys()) {
        const auto origin = configuration.origins.find(key.name);
        settings.push_back({std::string(key.name), format_value(configuration, key),
                            origin == configuration.origins.end() ? "" : origin->second});
    }
    return settings;
}

int run(int argc, char** argv) {
    crypto::wipe_what_openssl_frees();
    if (const auto hardened = harden_process(); !hardened) {
        std::cerr << "postern: " << hardened.error().message << '\n';
        return cli::status_not_now;
    }
    // A command says what matters itself; the server sets its own level.
    log::set_level(log::Level::error);
    const SystemClock clock;
    const crypto::IcuText text;
    const crypto::TokenInspector inspector;
    const crypto::HashImporter hash_importer;
    const Environment environment = process_environment();

    cli::Tools tools{.clock = clock,
                     .text = text,
                     .inspector = inspector,
                     .hash_importer = hash_importer,
                     .user = current_user(),
                     .version = std::string(version()),
                     .configuration_reference = reference_markdown()};
    tools.open_workplace = [&](const cli::Location& location) -> Result<std::unique_ptr<cli::Workplace>> {
        auto configuration = TRY(load_configuration(overrides_of(location), environment));
        return std::make_unique<LocalWorkplace>(std::move(configuration), environment, LocalWorkplace::Purpose::command,
                                                clock);
    };
    tools.read_audit_keys = crypto::read_audit_keys;
    tools.serve = [&](const cli::Location& location) { return serve(overrides_of(location), environment, clock); };
    tools.list_settings = [&](const cli::Location& location) -> Result<std::vector<cli::Setting>> {
        return settings_of(TRY(load_configuration(overrides_of(location), environment)));
    };
    tools.diagnose = [&](const cli::Location& location) {
        return diagnose(overrides_of(location), environment, clock);
    };
    tools.back_up = [&](const cli::Location& location, const std::string& folder, const core::Actor& actor) {
        return back_up(overrides_of(location), environment, clock, folder, actor);
    };
    tools.restore = [&](const cli::Location& location, const cli::RestoreRequest& request, const core::Actor& actor) {
        return restore(overrides_of(location), environment, clock, request, actor);
    };
    return cli::run_command_line(argc, argv, tools, cli::process_console());
}

}  // namespace
}  // namespace postern::app

int main(int argc, char** argv) {
    try {
        return postern::app::run(argc, argv);
    } catch (const std::exception& bug) {
        std::cerr << "postern: this is a bug, please report it: " << bug.what() << '\n';
        return postern::cli::status_not_now;
    }
}

// postern token inspect
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "cli/command.hpp"
#include "cli/jwks_file.hpp"
#include "cli/store_inspection.hpp"

namespace postern::cli {
namespace {

struct InspectOptions {
    std::string jwks_file;
    bool signature_only = false;
};

Result<core::Inspection> inspect(const Call& call, const InspectOptions& options, std::string_view token) {
    const auto depth = options.signature_only ? core::InspectionDepth::signature : core::InspectionDepth::claims;
    if (!options.jwks_file.empty()) {
        const std::string jwks = TRY(read_jwks_file(options.jwks_file));
        return call.tools.inspector.inspect(token, jwks, depth, call.tools.clock.now());
    }
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    return inspect_against_store(call, *workplace, token, depth);
}

boost::json::value parsed_or_null(const std::string& text) {
    auto value = parse_json(text);
    return value ? *value : boost::json::value(nullptr);
}

Answer report(const core::Inspection& inspection) {
    Answer answer;
    boost::json::array steps;
    for (const core::InspectionStep& step : inspection.steps) {
        answer.text += (step.passed ? "passed  " : "FAILED  ") + step.name +
                       std::string(step.name.size() < 12 ? 12 - step.name.size() : 1, ' ') + step.detail + "\n";
        steps.push_back({{"name", step.name}, {"passed", step.passed}, {"detail", step.detail}});
    }
    if (!inspection.header.empty()) answer.text += "header  " + inspection.header + "\n";
    if (!inspection.claims.empty()) answer.text += "claims  " + inspection.claims + "\n";
    answer.text += inspection.accepted ? "ACCEPTED\n" : "REJECTED\n";
    answer.json = {{"accepted", inspection.accepted},
                   {"header", parsed_or_null(inspection.header)},
                   {"claims", parsed_or_null(inspection.claims)},
                   {"steps", std::move(steps)}};
    answer.status = inspection.accepted ? status_done : status_refused;
    return answer;
}

Result<Answer> run(const Call& call, const InspectOptions& options) {
    if (call.console.interactive) call.console.error << "Paste the token, then press Ctrl-D:\n" << std::flush;
    const SecretString input = TRY(call.console.read_input(limits::json_text_bytes));
    return report(TRY(inspect(call, options, input.reveal())));
}

}  // namespace

void add_token_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"token", "Look into tokens", "postern token inspect --data DIR < token.txt"});
    auto options = std::make_shared<InspectOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"inspect",
         "Read a JWT from standard input and say why it is accepted or not; exits 0 accepted, 1 rejected, 2 could not "
         "be checked",
         "postern token inspect --data ./postern-data < token.txt\n"
         "  postern token inspect --jwks jwks.json --signature-only < token.txt"},
        [options, &plan](const Call& call) {
            plan.status_of_errors = status_wrongly_asked;
            return run(call, *options);
        });
    command.add_option("--jwks", options->jwks_file, "Check against this JWKS alone; needs no store")
        ->type_name("FILE");
    command.add_flag("--signature-only", options->signature_only, "Check the JWS alone, whatever its payload");
}

}  // namespace postern::cli

// postern restore
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/audit_verify.hpp"
#include "cli/command.hpp"

namespace postern::cli {
namespace {

// What the restored store has to say for itself.
struct Proof {
    std::string text;
    boost::json::array problems;
    bool audit_whole = false;
    [[nodiscard]] bool holds() const { return audit_whole && problems.empty(); }
};

Result<Proof> prove(const Call& call) {
    Proof proof;
    for (const core::Finding& finding : call.tools.diagnose(call.location)) {
        if (finding.severity != core::Severity::problem) continue;
        proof.text += "problem: " + finding.message + "\n  -> " + finding.advice + "\n";
        proof.problems.push_back({{"subject", finding.subject}, {"message", finding.message}});
    }
    if (proof.problems.empty()) proof.text += "postern doctor finds no problem\n";
    const Answer audit = TRY(verify_audit_trail(call, {}));
    proof.audit_whole = audit.status == status_done;
    proof.text += audit.text;
    return proof;
}

std::string describe(const RestoreReport& report, const RestoreRequest& request) {
    const core::RestoreEffects& effects = report.effects;
    std::string text = "Restored " + report.store + " as it was on " + format_time(report.made_at) + ": " +
                       std::to_string(report.accounts) + " accounts\n";
    if (!report.former.empty()) text += "The database that was there is now " + report.former + "\n";
    if (request.keep_sessions) {
        return text +
               "Every access token of before is refused. Sessions and mailed links of the backup's time live, those "
               "too that were ended or used since: end what must not, with postern session end\n";
    }
    return text + "Every token of before is refused: " + std::to_string(effects.keys_replaced) +
           " keys were replaced, " + std::to_string(effects.sessions_ended) + " sessions ended, " +
           std::to_string(effects.links_voided) + " mailed links voided\n";
}

boost::json::value to_json(const RestoreReport& report, const RestoreRequest& request, Proof& proof) {
    return {{"store", report.store},
            {"made_at", json_time(report.made_at)},
            {"accounts", report.accounts},
            {"sessions_kept", request.keep_sessions},
            {"keys_replaced", report.effects.keys_replaced},
            {"sessions_ended", report.effects.sessions_ended},
            {"links_voided", report.effects.links_voided},
            {"former_database", report.former.empty() ? boost::json::value(nullptr)
                                                      : boost::json::value(boost::json::string(report.former))},
            {"problems", std::move(proof.problems)},
            {"audit_whole", proof.audit_whole}};
}

Result<Answer> restore(const Call& call, const RestoreRequest& request) {
    const RestoreReport report = TRY(call.tools.restore(call.location, request, call.actor()));
    Proof proof = TRY(prove(call));
    const int status = proof.holds() ? status_done : status_refused;
    std::string text = describe(report, request) + proof.text;
    return Answer{std::move(text), to_json(report, request, proof), status};
}

}  // namespace

void add_restore_command(CLI::App& app, Plan& plan) {
    auto request = std::make_shared<RestoreRequest>();
    CLI::App& command =
        add_store_command(app, plan,
                          {"restore", "Make the store of a backup; every token of before is refused from then on",
                           "postern restore --from /var/backups/postern/2027-01-15"},
                          [request](const Call& call) { return restore(call, *request); });
    command.add_option("--from", request->folder, "What postern backup has made")->type_name("FOLDER")->required();
    command.add_flag("--replace", request->replace, "Put it in the stead of a database that is there already");
    command.add_flag("--keep-sessions", request->keep_sessions,
                     "Let sessions and mailed links of the backup's time live on, those too that ended since");
}

}  // namespace postern::cli

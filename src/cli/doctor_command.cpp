// postern doctor
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>

#include "cli/command.hpp"

namespace postern::cli {
namespace {

std::string_view word(core::Severity severity) {
    switch (severity) {
        case core::Severity::ok: return "ok";
        case core::Severity::warning: return "warning";
        case core::Severity::problem: return "problem";
    }
    return "problem";
}

std::string padded(std::string_view text, std::size_t width) {
    return std::string(text) + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

Result<Answer> diagnose(const Call& call) {
    Answer answer;
    boost::json::array array;
    for (const core::Finding& finding : call.tools.diagnose(call.location)) {
        answer.text += padded(word(finding.severity), 9) + padded(finding.subject, 15) + finding.message + "\n";
        if (!finding.advice.empty()) answer.text += padded("", 24) + "-> " + finding.advice + "\n";
        array.push_back({{"severity", word(finding.severity)},
                         {"subject", finding.subject},
                         {"message", finding.message},
                         {"advice", finding.advice}});
        if (finding.severity == core::Severity::problem) answer.status = status_refused;
    }
    answer.json = std::move(array);
    return answer;
}

}  // namespace

void add_doctor_command(CLI::App& app, Plan& plan) {
    add_store_command(app, plan,
                      {"doctor", "Say what is wrong with an installation, and what to do; exits 1 on a problem",
                       "postern doctor --config /etc/postern/postern.toml"},
                      diagnose);
}

}  // namespace postern::cli

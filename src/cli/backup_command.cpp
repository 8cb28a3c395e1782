// postern backup
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/command.hpp"

namespace postern::cli {
namespace {

std::string describe(const BackupReport& report) {
    return "The backup " + report.folder + " is whole: " + std::to_string(core::rows_of(report.tables, "accounts")) +
           " accounts, " + std::to_string(core::rows_of(report.tables, "sessions")) + " sessions, " +
           std::to_string(core::rows_of(report.tables, "audit_records")) + " audit records, " +
           std::to_string(report.bytes) + " bytes (" + report.engine + ", schema " + std::to_string(report.schema) +
           ")\n" + "It holds every password hash: keep it as you keep the database. The master key in " +
           report.master_key_place + " is not in it, and no restore works without that: keep a copy apart.\n";
}

boost::json::value to_json(const BackupReport& report) {
    boost::json::object tables;
    for (const core::TableSize& size : report.tables) tables[size.table] = size.rows;
    return {{"folder", report.folder},
            {"engine", report.engine},
            {"made_at", json_time(report.made_at)},
            {"schema", report.schema},
            {"bytes", report.bytes},
            {"tables", std::move(tables)},
            {"master_key_place", report.master_key_place}};
}

Result<Answer> back_up(const Call& call, const std::string& folder) {
    const BackupReport report = TRY(call.tools.back_up(call.location, folder, call.actor()));
    return Answer{describe(report), to_json(report)};
}

}  // namespace

void add_backup_command(CLI::App& app, Plan& plan) {
    auto folder = std::make_shared<std::string>();
    CLI::App& command = add_store_command(app, plan,
                                          {"backup", "Copy the whole store into a new folder, while servers work on it",
                                           "postern backup --to /var/backups/postern/$(date +%F)"},
                                          [folder](const Call& call) { return back_up(call, *folder); });
    command.add_option("--to", *folder, "A folder that is not there yet")->type_name("FOLDER")->required();
}

}  // namespace postern::cli

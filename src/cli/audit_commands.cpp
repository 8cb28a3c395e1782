// postern audit …
#include <fcntl.h>
#include <unistd.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <utility>

#include "base/json.hpp"
#include "cli/audit_json.hpp"
#include "cli/audit_tail.hpp"
#include "cli/audit_verify.hpp"
#include "cli/command.hpp"
#include "core/audit_trail.hpp"

namespace postern::cli {
namespace {

struct Exported {
    std::int64_t records = 0;
    std::int64_t checkpoints = 0;
};

Result<Exported> export_to(core::Store& store, std::ostream& out) {
    // The store may run the work again; what was written cannot be taken back.
    auto begun = std::make_shared<bool>(false);
    return core::read_and_wait(store, [&out, begun](core::Reader& reader) -> Result<Exported> {
        if (std::exchange(*begun, true)) return unavailable("The database broke off while it was read; try again");
        Exported exported;
        const auto write = [&out](const boost::json::object& line, std::int64_t& count) -> Result<bool> {
            out << boost::json::serialize(line) << '\n';
            ++count;
            if (!out) return unavailable("The export cannot be written further: " + std::string(std::strerror(errno)));
            return true;
        };
        TRY(core::visit_trail(
            reader,
            {.record = [&](const core::AuditRecord& record) { return write(to_json(record), exported.records); },
             .checkpoint =
                 [&](const core::AuditCheckpoint& checkpoint) {
                     return write(to_json(checkpoint), exported.checkpoints);
                 }}));
        return exported;
    });
}

// For the owner only, since addresses are in it; an earlier export stays.
Result<void> make_file(const std::string& path) {
    constexpr mode_t owner_only = 0600;
    const int descriptor = open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, owner_only);
    if (descriptor >= 0) {
        close(descriptor);
        return {};
    }
    if (errno == EEXIST) return conflict("file_exists", path + " exists already; name a new file");
    return invalid_input("file_unwritable", "Cannot make " + path + ": " + std::strerror(errno));
}

Result<Exported> export_to_file(core::Store& store, const std::string& path) {
    TRY(make_file(path));
    std::ofstream file(path, std::ios::binary);
    auto exported = export_to(store, file);
    file.close();
    if (exported && !file) exported = unavailable("Cannot write " + path + ": " + std::strerror(errno));
    if (!exported) std::remove(path.c_str());
    return exported;
}

Result<Answer> export_trail(const Call& call, const std::string& path) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    if (path == "-") {
        TRY(export_to(*store, call.console.out));
        return Answer{};
    }
    const Exported exported = TRY(export_to_file(*store, path));
    return Answer{
        "Exported " + std::to_string(exported.records) + " records and " + std::to_string(exported.checkpoints) +
            " checkpoints to " + path + "; keep the keys to verify it with beside it: postern audit key\n",
        boost::json::object{{"file", path}, {"records", exported.records}, {"checkpoints", exported.checkpoints}}};
}

Result<Answer> show_keys(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    const core::AuditSigner* keys = TRY(workplace->audit_signer());
    const std::string jwks = keys->audit_jwks();
    return Answer{jwks + "\n", TRY(parse_json(jwks))};
}

void add_tail_command(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<TailOptions>();
    CLI::App& command =
        add_store_command(group, plan,
                          {"tail", "Show the newest audit records, and go on as they come with --follow",
                           "postern audit tail -n 20 --event account.disabled\n  postern audit tail --follow --json"},
                          [options](const Call& call) { return tail_audit_trail(call, *options); });
    command.add_option("-n,--lines", options->lines, "How many of those that are there")->capture_default_str();
    command.add_flag("--follow,-f", options->follow, "Go on until Ctrl-C");
    command.add_option("--event", options->event, "Only these, such as login")->type_name("EVENT");
    command.add_option("--account", options->account, "Only about the account with this address")->type_name("EMAIL");
}

void add_verify_command(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<VerifyOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"verify",
         "Prove that no audit record was changed or removed; exits 0 whole, 1 tampered with, 2 could not be checked",
         "postern audit verify\n  postern audit verify --file audit.ndjson --jwks audit-keys.json"},
        [options, &plan](const Call& call) {
            plan.status_of_errors = status_wrongly_asked;
            return verify_audit_trail(call, *options);
        });
    command.add_option("--file", options->file, "An exported file instead of the store; needs no data directory")
        ->type_name("FILE");
    command.add_option("--jwks", options->jwks, "The public audit keys to check the file with")->type_name("FILE");
}

}  // namespace

void add_audit_commands(CLI::App& app, Plan& plan) {
    CLI::App& group = add_group(app, {"audit", "Read and prove the audit trail", "postern audit tail --follow"});
    add_tail_command(group, plan);
    add_verify_command(group, plan);
    auto path = std::make_shared<std::string>();
    CLI::App& exporting = add_store_command(group, plan,
                                            {"export", "Write the whole trail to a file, a JSON object on each line",
                                             "postern audit export audit.ndjson\n  postern audit export - | gzip"},
                                            [path](const Call& call) { return export_trail(call, *path); });
    exporting.add_option("FILE", *path, "A new file, or - for standard output")->required();
    add_store_command(group, plan,
                      {"key", "Print the public keys that checkpoints are signed with, as a JWK set",
                       "postern audit key > audit-keys.json"},
                      show_keys);
}

}  // namespace postern::cli

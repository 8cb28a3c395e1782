// postern account import, export, rehash
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>

#include "cli/command.hpp"
#include "cli/export_run.hpp"
#include "cli/import_run.hpp"
#include "cli/rehash_run.hpp"

namespace postern::cli {
namespace {

struct ImportWords {
    ImportOptions options;
    std::string format;
    std::string kind = "standard";
    std::vector<std::string> map;
    bool activate = false;
    bool no_activate = false;
};

Result<Answer> import(const Call& call, const ImportWords& words) {
    ImportOptions options = words.options;
    if (!words.format.empty()) {
        options.origin = parse_origin(words.format);
        if (!options.origin) {
            return usage_error("--format is postern, table, django, gotrue or keycloak, not " + words.format);
        }
    }
    const auto kind = core::parse_account_kind(words.kind);
    if (!kind) return usage_error("--kind is standard or demo, not " + words.kind);
    options.kind = *kind;
    options.map = TRY(parse_column_map(words.map));
    if (words.activate) options.activation = core::Activation::all;
    if (words.no_activate) options.activation = core::Activation::none;
    return run_import(call, options);
}

void add_import(CLI::App& group, Plan& plan) {
    auto words = std::make_shared<ImportWords>();
    CLI::App& command =
        add_store_command(group, plan,
                          {"import", "Bring accounts in, with their passwords, from another system's export or our own",
                           "postern account import users.csv --report refused.ndjson\n"
                           "  postern account import users.csv --map email=mail,password_hash=pw --dry-run"},
                          [words](const Call& call) { return import(call, *words); });
    command.add_option("FILE", words->options.file, "CSV, JSON lines or JSON, in UTF-8")->required();
    command
        .add_option("--format", words->format,
                    "postern, table (Flask, or any table with an address and a hash), django, gotrue or keycloak; "
                    "told from the content otherwise")
        ->type_name("FORMAT");
    command.add_option("--report", words->options.report, "Write refused lines here, as JSON lines")->type_name("FILE");
    command.add_option("--map", words->map, "Which column holds a field, such as email=mail")
        ->delimiter(',')
        ->type_name("FIELD=COLUMN");
    command.add_option("--kind", words->kind, "standard or demo, for accounts that name none")->type_name("KIND");
    CLI::Option* activate =
        command.add_flag("--activate", words->activate, "Activate them all, also who has not confirmed the address");
    command.add_flag("--no-activate", words->no_activate, "Activate none")->excludes(activate);
    command.add_flag("--dry-run", words->options.dry_run, "Say what would be refused, and write nothing");
}

void add_export(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<ExportOptions>();
    CLI::App& command =
        add_store_command(group, plan,
                          {"export", "Write every account, with its password hash, into a file that import reads",
                           "postern account export accounts.ndjson\n"
                           "  postern account export accounts.csv --format csv --without-hashes"},
                          [options](const Call& call) { return run_export(call, *options); });
    command.add_option("FILE", options->file, "A new file, or - for standard output")->required();
    command.add_option("--format", options->format, "ndjson or csv")->type_name("FORMAT");
    command.add_flag("--without-hashes", options->without_hashes, "Leave the password hashes out");
}

void add_rehash(CLI::App& group, Plan& plan) {
    auto options = std::make_shared<RehashOptions>();
    CLI::App& command = add_store_command(
        group, plan,
        {"rehash", "Put weaker password hashes inside current ones, without the passwords", "postern account rehash"},
        [options](const Call& call) { return run_rehash(call, *options); });
    command.add_option("--batch", options->batch, "Accounts written at a time")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
    command.add_option("--pause", options->pause_milliseconds, "Rest after each hash, in milliseconds")
        ->check(CLI::Range(0, 60'000))
        ->type_name("MS");
}

}  // namespace

void add_import_commands(CLI::App& group, Plan& plan) {
    add_import(group, plan);
    add_export(group, plan);
    add_rehash(group, plan);
}

}  // namespace postern::cli

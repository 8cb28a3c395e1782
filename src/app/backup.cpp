#include "app/backup.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "app/backup_manifest.hpp"
#include "app/data_directory.hpp"
#include "app/workplace.hpp"
#include "base/durable_file.hpp"
#include "store/backup.hpp"
#include "store/store.hpp"

namespace postern::app {
namespace {

namespace fs = std::filesystem;

// A folder that goes with all that is in it, unless it is kept.
class Draft {
public:
    static Result<Draft> make(const std::string& folder) {
        const std::string path = folder + ".partial-" + std::to_string(getpid());
        if (mkdir(path.c_str(), S_IRWXU) == 0) return Draft(path);
        return unavailable("The folder " + path + " cannot be made (" + std::strerror(errno) +
                           "); name another place with --to");
    }
    Draft(Draft&& other) noexcept : path_(std::exchange(other.path_, "")) {}
    Draft& operator=(Draft&&) = delete;
    ~Draft() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::string& path() const { return path_; }

    Result<void> keep_as(const std::string& folder) {
        std::error_code failure;
        fs::rename(path_, folder, failure);
        if (failure) return unavailable("The backup cannot be called " + folder + ": " + failure.message());
        path_.clear();
        return sync_directory_of(folder);
    }

private:
    explicit Draft(std::string path) : path_(std::move(path)) {}
    std::string path_;
};

// As the audit trail is to name it, wherever the command was run.
std::string full_name(const std::string& given) {
    std::string folder = fs::absolute(given).lexically_normal().string();
    while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
    return folder;
}

Result<void> note(LocalWorkplace& workplace, const std::string& folder, const core::Actor& actor, const Clock& clock) {
    core::Store* store = TRY(workplace.store());
    const auto noted = core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::record_backup(transaction, folder, actor, clock.now());
    });
    if (noted.has_value()) return {};
    return unavailable("The backup " + folder + " is whole, but the store could not note it: " + noted.error().message);
}

Result<void> check_engine(const BackupManifest& manifest, const Configuration& configuration) {
    const std::string_view wanted = store::engine_of(configuration.store);
    if (manifest.facts.engine == wanted) return {};
    return conflict("other_engine", "The backup is of " + manifest.facts.engine + ", and `store` names " +
                                        std::string(wanted.empty() ? "neither engine" : wanted) +
                                        "; restore it where `store` names " + manifest.facts.engine);
}

// Before anything is touched: without it the restored server could not start.
Result<const core::KeyVault*> check_master_key(LocalWorkplace& workplace, const BackupManifest& manifest) {
    if (manifest.facts.master_key_check.empty()) return nullptr;
    const core::KeyVault* vault = TRY(workplace.vault());
    if (vault->fits(manifest.facts.master_key_check)) return vault;
    return conflict("master_key_wrong", "The master key in " + workplace.master_key_place() +
                                            " is not the one that the keys in the backup are sealed with; put that "
                                            "one there, or name it as previous_master_key_file");
}

Result<std::optional<ServerLock>> lock_database(const Configuration& configuration) {
    TRY(check_owner(configuration));
    if (!is_sqlite(configuration)) return std::optional<ServerLock>();
    TRY(make_data_directory(configuration));
    return std::optional<ServerLock>(TRY(ServerLock::take(configuration)));
}

}  // namespace

Result<cli::BackupReport> back_up(const Overrides& overrides, const Environment& environment, const Clock& clock,
                                  const std::string& to, const core::Actor& actor) {
    LocalWorkplace workplace(TRY(load_configuration(overrides, environment)), environment,
                             LocalWorkplace::Purpose::command, clock);
    TRY(workplace.store());
    const std::string folder = full_name(to);
    if (fs::exists(folder)) {
        return conflict("backup_exists",
                        folder + " is there already; name a folder that is not, such as " + folder + "/$(date +%F)");
    }
    Draft draft = TRY(Draft::make(folder));
    const std::string& url = workplace.configuration().store;
    const std::string copy = draft.path() + "/" + std::string(copy_name(store::engine_of(url)));
    const Timestamp began = clock.now();
    auto facts = TRY(store::copy_database(url, copy));
    const auto manifest = TRY(describe_backup(draft.path(), std::move(facts), began));
    TRY(draft.keep_as(folder));
    TRY(note(workplace, folder, actor, clock));
    return cli::BackupReport{.folder = folder,
                             .engine = manifest.facts.engine,
                             .made_at = began,
                             .schema = manifest.facts.schema.back().version,
                             .bytes = manifest.bytes,
                             .tables = manifest.facts.tables,
                             .master_key_place = workplace.master_key_place()};
}

Result<cli::RestoreReport> restore(const Overrides& overrides, const Environment& environment, const Clock& clock,
                                   const cli::RestoreRequest& request, const core::Actor& actor) {
    LocalWorkplace workplace(TRY(load_configuration(overrides, environment)), environment,
                             LocalWorkplace::Purpose::command, clock);
    const Configuration& configuration = workplace.configuration();
    const std::string folder = full_name(request.folder);
    const BackupManifest manifest = TRY(read_backup(folder));
    TRY(check_engine(manifest, configuration));
    const core::KeyVault* vault = TRY(check_master_key(workplace, manifest));
    const auto lock = TRY(lock_database(configuration));

    cli::RestoreReport report{.store = describe_store(configuration),
                              .made_at = manifest.made_at,
                              .accounts = core::rows_of(manifest.facts.tables, "accounts")};
    const core::RestoredFrom from{manifest.made_at, folder, request.keep_sessions};
    store::RestoreTask task{.url = configuration.store,
                            .file = folder + "/" + manifest.file,
                            .facts = manifest.facts,
                            .replace = request.replace,
                            .access_token_life = configuration.tokens_access_life};
    task.finish = [&](core::Transaction& transaction) -> Result<void> {
        if (vault == nullptr) return {};
        report.effects =
            TRY(core::end_trust_of_backup(transaction, *vault, workplace.rotation_policy(), from, actor, clock.now()));
        return {};
    };
    report.former = TRY(store::restore_database(task)).former;
    return report;
}

}  // namespace postern::app

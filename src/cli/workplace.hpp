// What the commands reach the rest of the house through. Implemented and filled by app.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cli/backup.hpp"
#include "core/account_policy.hpp"
#include "core/audit.hpp"
#include "core/claims.hpp"
#include "core/diagnosis.hpp"
#include "core/hasher.hpp"
#include "core/imported_hash.hpp"
#include "core/inspection.hpp"
#include "core/key_rotation.hpp"
#include "core/keys.hpp"
#include "core/secrets.hpp"
#include "core/signer.hpp"
#include "core/store.hpp"
#include "core/text.hpp"
#include "core/throttle.hpp"

namespace postern::cli {

// What --config, --data and --listen say.
struct Location {
    std::optional<std::string> configuration_file;
    std::optional<std::string> data_dir;
    std::optional<std::string> listen;
};

// One configuration and what it leads to, opened at the first call: what a command does not ask for is not touched.
// Used by one thread.
class Workplace {
public:
    virtual ~Workplace() = default;

    // From now on a missing data directory, SQLite file, or master key of a store without keys is made, not refused.
    virtual void make_what_is_missing() = 0;

    // Errors: unavailable, conflict "newer_schema", not_found "store_missing", invalid_input "wrong_user".
    virtual Result<core::Store*> store() = 0;
    // The master key. Errors: not_found "master_key_missing", invalid_input "invalid_master_key".
    virtual Result<const core::KeyVault*> vault() = 0;
    // The signing keys of the store, unsealed. Errors: those of core::load_keys().
    virtual Result<const core::Signer*> signer() = 0;
    virtual Result<const core::SecretDeriver*> secrets() = 0;
    virtual Result<const core::AuditSigner*> audit_signer() = 0;
    virtual Result<const core::Hasher*> hasher() = 0;

    [[nodiscard]] virtual const core::TokenPolicy& token_policy() const = 0;
    [[nodiscard]] virtual core::KeyAlgorithm access_algorithm() const = 0;
    [[nodiscard]] virtual const core::RotationPolicy& rotation_policy() const = 0;
    [[nodiscard]] virtual const core::AccountPolicy& account_policy() const = 0;
    [[nodiscard]] virtual const core::ThrottlePolicy& throttle_policy() const = 0;
    // How long audit records are kept.
    [[nodiscard]] virtual Milliseconds audit_retention() const = 0;
    // Where the master key comes from, for a person: a file's path, or a variable's name.
    [[nodiscard]] virtual std::string master_key_place() const = 0;
};

// One line of `postern config`.
struct Setting {
    std::string key;
    std::string value;   // as TOML writes it; without a password
    std::string origin;  // where it was set; empty for a default
};

struct Tools {
    const Clock& clock;
    const core::Text& text;
    const core::TokenInspector& inspector;
    const core::HashImporter& hash_importer;
    std::string user;                     // who is at the command line
    std::string version;                  // of the program
    std::string configuration_reference;  // of every key, in Markdown

    std::function<Result<std::unique_ptr<Workplace>>(const Location&)> open_workplace;
    // From the text of a JWK set. Errors: invalid_input "invalid_jwks".
    std::function<Result<std::unique_ptr<core::AuditVerifier>>(std::string_view)> read_audit_keys;
    // Returns when the server has stopped.
    std::function<Result<void>(const Location&)> serve;
    std::function<Result<std::vector<Setting>>(const Location&)> list_settings;
    std::function<std::vector<core::Finding>(const Location&)> diagnose;
    std::function<Result<BackupReport>(const Location&, const std::string& folder, const core::Actor&)> back_up;
    std::function<Result<RestoreReport>(const Location&, const RestoreRequest&, const core::Actor&)> restore;
};

}  // namespace postern::cli

#include "app/doctor.hpp"

#include <sys/stat.h>
#include <sys/timex.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <thread>

#include "app/certificate.hpp"
#include "app/data_directory.hpp"
#include "app/doctor_delivery.hpp"
#include "app/workplace.hpp"
#include "base/user.hpp"
#include "core/audit_trail.hpp"
#include "core/backup.hpp"
#include "core/key_rotation.hpp"

namespace postern::app {
namespace {

using namespace std::chrono_literals;
using core::Finding;
using core::Severity;
using Findings = std::vector<Finding>;

// A login slower than this feels broken, and a worker that takes it serves less than two a second.
constexpr auto slow_hash = 500ms;
// Any clock before the day this was written is wrong.
constexpr Timestamp earliest_plausible{std::chrono::sys_days(std::chrono::year(2025) / 11 / 1)};

void add(Findings& findings, Severity severity, std::string subject, std::string message, std::string advice = "") {
    findings.push_back({severity, std::move(subject), std::move(message), std::move(advice)});
}

bool reaches_beyond_this_machine(const std::string& url) {
    return !url.starts_with("http://127.") && !url.starts_with("http://localhost") && !url.starts_with("http://[::1]");
}

void look_at_configuration(Findings& findings, const Configuration& configuration) {
    add(findings, Severity::ok, "configuration",
        configuration.file.empty() ? "No file; defaults, environment and command line"
                                   : "Read from " + configuration.file);
    const bool named = configuration.origins.contains("public_url");
    const bool everywhere = configuration.listen.starts_with("0.0.0.0:") || configuration.listen.starts_with("[::]:");
    if (everywhere && !named) {
        add(findings, Severity::warning, "configuration",
            "Tokens name " + configuration.public_url + " as their issuer, which is no address of yours",
            "Set public_url to what clients reach the server by");
    } else if (configuration.public_url.starts_with("http://") &&
               reaches_beyond_this_machine(configuration.public_url)) {
        add(findings, Severity::warning, "configuration",
            "public_url is " + configuration.public_url + ": passwords and tokens travel unencrypted",
            "Put TLS in front, or configure tls.certificate and tls.key, and use https://");
    }
}

void look_at_directory(Findings& findings, const Configuration& configuration) {
    struct stat status {};
    if (stat(configuration.data_dir.c_str(), &status) != 0) return;
    if (const auto owner = check_owner(configuration); !owner) {
        add(findings, Severity::problem, "directory", owner.error().message, "Run it as that user");
        return;
    }
    const bool open_to_others = (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    add(findings, open_to_others ? Severity::warning : Severity::ok, "directory",
        "The data directory " + configuration.data_dir + " belongs to " + user_name(status.st_uid),
        open_to_others ? "Others may enter it: chmod 700 " + configuration.data_dir : "");
}

void look_at_server(Findings& findings, const Configuration& configuration) {
    if (!is_sqlite(configuration)) return;
    const auto holder = ServerLock::holder(configuration);
    add(findings, Severity::ok, "server",
        holder ? "A server runs, with the process id " + *holder : "No server runs on this database");
}

std::string_view advice_for(const Error& error) {
    if (error.code == "wrong_user") return "Run it as that user";
    if (error.code == "newer_schema") return "Install the newer version again; a database does not go back";
    if (error.code == "store_missing") return "Start the server once, or run: postern key init";
    return "See that the database runs and can be reached, and that `store` names it";
}

void look_at_store(Findings& findings, LocalWorkplace& workplace) {
    const auto store = workplace.store();
    if (!store) {
        add(findings, Severity::problem, "store", store.error().message, std::string(advice_for(store.error())));
        return;
    }
    for (Finding& finding : (*store)->diagnose()) {
        if (finding.severity == Severity::problem && finding.advice.empty()) finding.advice = "See the message";
        findings.push_back(std::move(finding));
    }
}

void look_at_keys(Findings& findings, LocalWorkplace& workplace, const Clock& clock) {
    if (!workplace.store()) return;  // said already
    const auto ring = workplace.key_ring();
    if (!ring && ring.error().code == "keys_missing") {
        const bool made_by_itself = is_sqlite(workplace.configuration());
        add(findings, made_by_itself ? Severity::warning : Severity::problem, "keys",
            "The store has no signing keys yet",
            made_by_itself ? "Start the server, which makes them" : "Make them once with: postern key init");
        return;
    }
    if (!ring) {
        add(findings, Severity::problem, "keys", ring.error().message,
            "Put the master key of this store at " + workplace.master_key_place() + ", from your backup");
        return;
    }
    add(findings, Severity::ok, "keys", "The master key comes from " + workplace.master_key_place());
    const auto keys = core::read_and_wait(**workplace.store(), [](core::Reader& reader) { return reader.list_keys(); });
    if (!keys) {
        add(findings, Severity::problem, "keys", keys.error().message, "See that the database is whole");
        return;
    }
    for (Finding& finding : core::diagnose_keys(*keys, workplace.rotation_policy(), clock.now())) {
        findings.push_back(std::move(finding));
    }
}

void look_at_audit(Findings& findings, LocalWorkplace& workplace, const Clock& clock) {
    const auto store = workplace.store();
    if (!store) return;  // said already
    const auto finding = core::read_and_wait(
        **store, [&clock](core::Reader& reader) { return core::diagnose_trail(reader, clock.now()); });
    if (finding) findings.push_back(*finding);
    if (!finding) add(findings, Severity::problem, "audit", finding.error().message, "See that the database is whole");
}

void look_at_backups(Findings& findings, LocalWorkplace& workplace, const Clock& clock) {
    const auto store = workplace.store();
    if (!store) return;  // said already
    const auto finding = core::read_and_wait(
        **store, [&clock](core::Reader& reader) { return core::diagnose_backups(reader, clock.now()); });
    if (finding) findings.push_back(*finding);
}

void look_at_clock(Findings& findings, const Clock& clock) {
    if (clock.now() < earliest_plausible) {
        add(findings, Severity::problem, "clock", "The clock of this machine is years behind", "Set it, with NTP");
        return;
    }
    timex state{};
    const bool synchronised = adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) == 0;
    add(findings, synchronised ? Severity::ok : Severity::warning, "clock",
        synchronised ? "The kernel's clock is synchronised" : "The kernel's clock is not known to be synchronised",
        synchronised ? "" : "Run an NTP client on this machine or its host");
}

// Of /proc/meminfo; nothing where there is none.
std::optional<std::int64_t> available_memory_mib() {
    std::ifstream file("/proc/meminfo");
    std::string name;
    std::int64_t kibibytes = 0;
    std::string unit;
    while (file >> name >> kibibytes >> unit) {
        if (name == "MemAvailable:") return kibibytes / 1024;
        if (unit != "kB") file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return std::nullopt;
}

void look_at_hash(Findings& findings, LocalWorkplace& workplace) {
    const Configuration& configuration = workplace.configuration();
    const auto hasher = workplace.hasher();
    const auto begin = std::chrono::steady_clock::now();
    const auto hash = (*hasher)->hash(SecretString("as long as a password"));
    const auto taken = std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - begin);
    const std::string memory = std::to_string(configuration.hash_memory_mib) + " MiB";
    if (!hash) {
        add(findings, Severity::problem, "hash", "A password hash with " + memory + " failed: " + hash.error().message,
            "Give the process more memory");
        return;
    }
    add(findings, taken > slow_hash ? Severity::warning : Severity::ok, "hash",
        "One password hash takes " + std::to_string(taken.count()) + " ms and " + memory,
        taken > slow_hash ? "Lower hash.memory_mib or hash.iterations, not below OWASP's floor" : "");

    const std::int64_t workers =
        configuration.hash_workers > 0 ? configuration.hash_workers : std::max(1U, std::thread::hardware_concurrency());
    const auto available = available_memory_mib();
    if (available && workers * configuration.hash_memory_mib > *available) {
        add(findings, Severity::warning, "hash",
            std::to_string(workers) + " workers with " + memory + " each want more than the " +
                std::to_string(*available) + " MiB that are free",
            "Lower hash.workers or hash.memory_mib");
    }
}

}  // namespace

Findings diagnose(const Overrides& overrides, const Environment& environment, const Clock& clock) {
    Findings findings;
    auto configuration = load_configuration(overrides, environment);
    if (!configuration) {
        add(findings, Severity::problem, "configuration", configuration.error().message,
            "Correct it, then run the doctor again");
        return findings;
    }
    LocalWorkplace workplace(std::move(*configuration), environment, LocalWorkplace::Purpose::command, clock);
    const Configuration& settled = workplace.configuration();
    look_at_configuration(findings, settled);
    look_at_directory(findings, settled);
    look_at_server(findings, settled);
    look_at_store(findings, workplace);
    look_at_keys(findings, workplace, clock);
    look_at_audit(findings, workplace, clock);
    look_at_backups(findings, workplace, clock);
    look_at_clock(findings, clock);
    look_at_hash(findings, workplace);
    look_at_delivery(findings, workplace, environment, clock);
    if (!settled.tls_certificate.empty()) {
        findings.push_back(diagnose_certificate(settled.tls_certificate, settled.tls_key, clock.now()));
    }
    return findings;
}

}  // namespace postern::app

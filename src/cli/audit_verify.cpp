#include "cli/audit_verify.hpp"

#include <boost/json/object.hpp>

#include "base/time_text.hpp"
#include "cli/audit_json.hpp"
#include "cli/input_file.hpp"
#include "cli/jwks_file.hpp"
#include "cli/records.hpp"
#include "core/audit_trail.hpp"

namespace postern::cli {
namespace {

Result<core::TrailReport> verify_store(const Call& call) {
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    const core::AuditSigner* keys = TRY(workplace->audit_signer());
    core::Store* store = TRY(workplace->store());
    const Timestamp removable_before = call.tools.clock.now() - workplace->audit_retention();
    return core::read_and_wait(
        *store, [&](core::Reader& reader) { return core::verify_trail(reader, *keys, removable_before); });
}

Result<core::TrailReport> verify_file(const std::string& path, const core::AuditVerifier* keys) {
    auto file = TRY(InputFile::open(path));
    const auto lines = read_json_lines(file);
    core::TrailVerifier trail(keys);
    Record line;
    while (TRY(lines->next(line))) {
        auto piece = line.refusal ? Result<AuditPiece>(*line.refusal) : parse_audit_piece(line.values.front());
        if (!piece) {
            return invalid_input("invalid_file", "Line " + std::to_string(line.place) + " of " + path +
                                                     " is nothing that was exported: " + piece.error().message);
        }
        std::visit([&trail](const auto& value) { trail.add(value); }, *piece);
        if (trail.has_breach()) break;
    }
    return trail.finish();
}

std::string counted(std::int64_t count, const std::string& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string describe_rest(const core::TrailReport& report, bool signatures_checked) {
    std::string text;
    if (report.begins_after) {
        text += "Retention has removed the records up to " + std::to_string(report.begins_after->sequence) +
                ", sealed at " + write_time(report.begins_after->at) + " at the latest\n";
    }
    if (report.erased > 0) text += "The personal fields of " + counted(report.erased, "record") + " were erased\n";
    if (report.unprotected > 0) {
        text += counted(report.unprotected, "record") +
                " of an older version: whether the address in them is genuine cannot be told\n";
    }
    if (report.unsealed > 0) text += counted(report.unsealed, "record") + " not sealed yet; a running server does it\n";
    if (!signatures_checked) text += "Signatures were not checked: give the public keys with --jwks\n";
    return text;
}

std::string describe(const core::TrailReport& report, bool signatures_checked) {
    if (report.breach) {
        const core::Breach& breach = *report.breach;
        return "TAMPERED WITH at " + std::to_string(breach.sequence) +
               (breach.id ? " (record " + breach.id->text() + ")" : "") + ": " + breach.message +
               "\nWhat comes before is proven up to " + std::to_string(report.proven) + "\n";
    }
    const std::string range = report.records == 0
                                  ? "no sealed records"
                                  : "records " + std::to_string(report.first) + " to " + std::to_string(report.last);
    return "The audit trail is whole: " + range + ", " + counted(report.checkpoints, "checkpoint") + "\n" +
           describe_rest(report, signatures_checked);
}

boost::json::value to_json(const core::TrailReport& report, bool signatures_checked) {
    boost::json::value breach = nullptr;
    if (report.breach) {
        breach = {{"kind", core::word(report.breach->kind)},
                  {"sequence", report.breach->sequence},
                  {"id", report.breach->id ? boost::json::value(boost::json::string(report.breach->id->text()))
                                           : boost::json::value(nullptr)},
                  {"message", report.breach->message}};
    }
    return {{"whole", !report.breach.has_value()},
            {"breach", std::move(breach)},
            {"signatures_checked", signatures_checked},
            {"first", report.first},
            {"last", report.last},
            {"proven", report.proven},
            {"records", report.records},
            {"checkpoints", report.checkpoints},
            {"removed_up_to", report.begins_after ? report.begins_after->sequence : 0},
            {"erased", report.erased},
            {"unprotected", report.unprotected},
            {"unsealed", report.unsealed}};
}

Answer answer(const core::TrailReport& report, bool signatures_checked) {
    return {describe(report, signatures_checked), to_json(report, signatures_checked),
            report.breach ? status_refused : status_done};
}

}  // namespace

Result<Answer> verify_audit_trail(const Call& call, const VerifyOptions& options) {
    if (options.file.empty()) {
        if (!options.jwks.empty()) return usage_error("--jwks goes with --file: the store has its own keys");
        return answer(TRY(verify_store(call)), true);
    }
    std::unique_ptr<core::AuditVerifier> keys;
    if (!options.jwks.empty()) {
        const std::string jwks = TRY(read_jwks_file(options.jwks));
        keys = TRY(call.tools.read_audit_keys(jwks));
    }
    return answer(TRY(verify_file(options.file, keys.get())), keys != nullptr);
}

}  // namespace postern::cli

#include "app/backup_manifest.hpp"

#include <filesystem>
#include <fstream>

#include "app/version.hpp"
#include "base/durable_file.hpp"
#include "base/json.hpp"
#include "base/json_text.hpp"
#include "base/limits.hpp"
#include "base/sha256.hpp"
#include "base/time_text.hpp"

namespace postern::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view manifest_name = "manifest.json";
constexpr std::string_view sums_name = "SHA256SUMS";

std::string in_folder(const std::string& folder, std::string_view name) {
    return (fs::path(folder) / name).string();
}

std::string field(std::string_view name, const std::string& json) {
    return "  " + quote_json(name) + ": " + json;
}

std::string text_of(const BackupManifest& manifest) {
    const store::CopyFacts& facts = manifest.facts;
    std::string steps;
    for (const store::SchemaStep& step : facts.schema) {
        steps += (steps.empty() ? "" : ", ") + ("[" + std::to_string(step.version)) + ", " +
                 std::to_string(to_milliseconds(step.applied_at)) + ", " + std::to_string(step.oldest_binary) + "]";
    }
    std::string tables;
    for (const core::TableSize& table : facts.tables) {
        tables += (tables.empty() ? "" : ", ") + quote_json(table.table) + ": " + std::to_string(table.rows);
    }
    return "{\n" + field("format", std::to_string(manifest.format)) + ",\n" +
           field("postern", quote_json(manifest.version)) + ",\n" +
           field("made_at", quote_json(write_time(manifest.made_at))) + ",\n" +
           field("engine", quote_json(facts.engine)) + ",\n" + field("made_by", quote_json(facts.made_by)) + ",\n" +
           field("schema", std::to_string(facts.schema.empty() ? 0 : facts.schema.back().version)) + ",\n" +
           field("schema_steps", "[" + steps + "]") + ",\n" + field("tables", "{" + tables + "}") + ",\n" +
           field("master_key_check", quote_json(facts.master_key_check)) + ",\n" +
           field("file", quote_json(manifest.file)) + ",\n" + field("bytes", std::to_string(manifest.bytes)) + ",\n" +
           field("sha256", quote_json(manifest.sha256)) + "\n}\n";
}

Error incomplete(const std::string& folder, const std::string& why) {
    return conflict("backup_incomplete",
                    "The backup " + folder + " is incomplete: " + why + ". Nothing was changed; use another one");
}

Error altered(const std::string& folder, const std::string& why) {
    return conflict("backup_altered",
                    "The backup " + folder + " was altered: " + why + ". Nothing was changed; use another one");
}

Result<std::string> read_small(const std::string& folder, std::string_view name) {
    std::ifstream file(in_folder(folder, name), std::ios::binary);
    if (!file) return incomplete(folder, std::string(name) + " is missing or cannot be read");
    std::string text(limits::backup_manifest_bytes, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

// The members of a description that we wrote; whatever is not as we write it throws, and is told as altered.
BackupManifest manifest_from(const boost::json::object& object) {
    BackupManifest manifest;
    const auto text = [&object](std::string_view name) { return std::string(object.at(name).as_string()); };
    manifest.version = text("postern");
    manifest.made_at = parse_time(text("made_at")).value();
    manifest.facts.engine = text("engine");
    manifest.facts.made_by = text("made_by");
    manifest.facts.master_key_check = text("master_key_check");
    manifest.file = text("file");
    manifest.bytes = object.at("bytes").as_int64();
    manifest.sha256 = text("sha256");
    for (const auto& entry : object.at("schema_steps").as_array()) {
        const auto& step = entry.as_array();
        manifest.facts.schema.push_back(
            {step.at(0).as_int64(), from_milliseconds(step.at(1).as_int64()), step.at(2).as_int64()});
    }
    for (const auto& table : object.at("tables").as_object()) {
        manifest.facts.tables.push_back({std::string(table.key()), table.value().as_int64()});
    }
    return manifest;
}

Result<BackupManifest> parse_manifest(const std::string& folder, const std::string& text) {
    const auto value = parse_json(text);
    if (!value.has_value() || !value->is_object()) return altered(folder, "manifest.json is no JSON object");
    const boost::json::object& object = value->get_object();
    try {
        const std::int64_t format = object.at("format").as_int64();
        if (format > backup_format) {
            return conflict("newer_backup", "The backup " + folder + " has the format " + std::to_string(format) +
                                                ", and this postern knows " + std::to_string(backup_format) +
                                                "; restore it with the version that made it, or a later one");
        }
        auto manifest = manifest_from(object);
        if (manifest.facts.schema.empty() || manifest.file != copy_name(manifest.facts.engine)) {
            return altered(folder, "manifest.json describes no database");
        }
        return manifest;
    } catch (const std::exception& wrong) {
        return altered(folder, std::string("manifest.json cannot be understood (") + wrong.what() + ")");
    }
}

std::string sum_line(const std::string& sum, std::string_view name) {
    return sum + "  " + std::string(name) + "\n";
}

Result<void> check_schema(const std::string& folder, const store::CopyFacts& facts) {
    const std::int64_t schema = facts.schema.back().version;
    if (schema <= store::schema_version()) return {};
    return conflict("newer_backup", "The backup " + folder + " has schema " + std::to_string(schema) +
                                        ", made by a newer postern; this one knows schema " +
                                        std::to_string(store::schema_version()) +
                                        ". Restore it with the version that made it, or a later one");
}

Result<void> check_copy(const std::string& folder, const BackupManifest& manifest) {
    const std::string path = in_folder(folder, manifest.file);
    std::error_code failure;
    const auto bytes = fs::file_size(path, failure);
    if (failure) return incomplete(folder, manifest.file + " is missing (" + failure.message() + ")");
    if (bytes != static_cast<std::uintmax_t>(manifest.bytes)) {
        return incomplete(folder, manifest.file + " has " + std::to_string(bytes) + " bytes instead of " +
                                      std::to_string(manifest.bytes));
    }
    if (TRY(sha256_of_file(path)) == manifest.sha256) return {};
    return altered(folder, "the SHA-256 of " + manifest.file + " is not the one in manifest.json");
}

}  // namespace

std::string_view copy_name(std::string_view engine) {
    return engine == "sqlite" ? "postern.db" : "postern.dump";
}

Result<BackupManifest> describe_backup(const std::string& folder, store::CopyFacts facts, Timestamp made_at) {
    BackupManifest manifest;
    manifest.version = version();
    manifest.made_at = made_at;
    manifest.facts = std::move(facts);
    manifest.file = copy_name(manifest.facts.engine);
    const std::string copy = in_folder(folder, manifest.file);
    TRY(sync_file(copy));
    std::error_code failure;
    manifest.bytes = static_cast<std::int64_t>(fs::file_size(copy, failure));
    if (failure) return unavailable("The file " + copy + " cannot be looked at: " + failure.message());
    manifest.sha256 = TRY(sha256_of_file(copy));
    const std::string path = in_folder(folder, manifest_name);
    TRY(write_durably(path, text_of(manifest)));
    const std::string sum = TRY(sha256_of_file(path));
    TRY(write_durably(in_folder(folder, sums_name),
                      sum_line(manifest.sha256, manifest.file) + sum_line(sum, manifest_name)));
    TRY(sync_directory_of(path));
    return manifest;
}

Result<BackupManifest> read_backup(const std::string& folder) {
    std::error_code failure;
    if (!fs::is_directory(folder, failure)) {
        return not_found("backup_missing",
                         "There is no backup " + folder + "; name the folder that `postern backup --to` made");
    }
    const std::string sums = TRY(read_small(folder, sums_name));
    const std::string text = TRY(read_small(folder, manifest_name));
    Sha256 hash;
    hash.add(text);
    if (sums.find(sum_line(hash.finish(), manifest_name)) == std::string::npos) {
        return altered(folder, "the SHA-256 of manifest.json is not the one in SHA256SUMS");
    }
    auto manifest = TRY(parse_manifest(folder, text));
    TRY(check_schema(folder, manifest.facts));
    TRY(check_copy(folder, manifest));
    return manifest;
}

}  // namespace postern::app

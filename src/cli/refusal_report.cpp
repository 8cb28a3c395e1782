#include "cli/refusal_report.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/json.hpp"

namespace postern::cli {
namespace {

// How many bytes of the report at `path` are lines about the first `records` records.
// Nothing when it is no report.
std::optional<std::uint64_t> bytes_about(const std::string& path, std::uint64_t records) {
    std::ifstream file(path);
    std::uint64_t bytes = 0;
    for (std::string line; std::getline(file, line) && !file.eof(); bytes += line.size() + 1) {
        const auto parsed = parse_json(line);
        const auto* record = parsed && parsed->is_object() ? parsed->get_object().if_contains("record") : nullptr;
        if (record == nullptr || !record->is_int64()) return bytes == 0 ? std::nullopt : std::optional(bytes);
        if (record->get_int64() > static_cast<std::int64_t>(records)) break;
    }
    return bytes;
}

}  // namespace

std::string report_line(const Refusal& refusal, std::string_view place_word) {
    boost::json::object line;
    line["record"] = refusal.record;
    if (place_word != "record") line[place_word] = refusal.place;
    if (!refusal.email.empty()) line["email"] = refusal.email;
    line["code"] = refusal.reason.code;
    line["error"] = refusal.reason.message;
    return boost::json::serialize(line) + "\n";
}

Result<RefusalReport> RefusalReport::open(const std::string& path, bool resumed, std::uint64_t records) {
    RefusalReport report;
    report.path_ = path;
    report.descriptor_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    struct stat about = {};
    if (report.descriptor_ < 0 || fstat(report.descriptor_, &about) != 0) {
        return invalid_input("file_unwritable", "Cannot write " + path + ": " + std::strerror(errno));
    }
    const auto kept = resumed ? bytes_about(path, records) : std::nullopt;
    if (kept) {
        report.kept_ = *kept;
    } else if (about.st_size > 0) {
        return conflict("file_exists", path + " is there already; name another file for the report, or move it away");
    }
    TRY(report.put(""));
    return report;
}

RefusalReport::RefusalReport(RefusalReport&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      kept_(other.kept_),
      put_(other.put_) {}

RefusalReport& RefusalReport::operator=(RefusalReport&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(descriptor_, other.descriptor_);
    std::swap(kept_, other.kept_);
    std::swap(put_, other.put_);
    return *this;
}

RefusalReport::~RefusalReport() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<void> RefusalReport::put(const std::string& lines) {
    if (!is_open()) return {};
    const auto start = static_cast<off_t>(kept_);
    bool written = ftruncate(descriptor_, start) == 0;
    for (std::size_t done = 0; written && done < lines.size();) {
        const ssize_t count =
            pwrite(descriptor_, lines.data() + done, lines.size() - done, start + static_cast<off_t>(done));
        if (count < 0 && errno == EINTR) continue;
        written = count > 0;
        if (written) done += static_cast<std::size_t>(count);
    }
    if (!written) return unavailable("Cannot write " + path_ + ": " + std::strerror(errno));
    put_ = lines.size();
    return {};
}

}  // namespace postern::cli

#include "cli/export_run.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <memory>
#include <ostream>

#include "base/durable_file.hpp"
#include "base/time_text.hpp"
#include "cli/account_text.hpp"
#include "cli/progress.hpp"
#include "core/import.hpp"

namespace postern::cli {
namespace {

constexpr std::size_t accounts_per_read = 500;
constexpr std::string_view hashes_notice =
    "It holds password hashes: whoever reads it can guess passwords at leisure. Keep it as you keep the database.\n";

Error unwritable(const std::string& path) {
    return invalid_input("file_unwritable", "Cannot write " + path + ": " + std::strerror(errno));
}

// A new file that appears under its name once it is whole.
class NewFile {
public:
    static Result<std::unique_ptr<NewFile>> create(const std::string& path) {
        if (access(path.c_str(), F_OK) == 0) {
            return conflict("file_exists", path + " is there already; name another file, or move it away");
        }
        auto file = std::unique_ptr<NewFile>(new NewFile(path));
        file->descriptor_ = ::open(file->partial_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (file->descriptor_ < 0 || fchmod(file->descriptor_, 0600) != 0) return unwritable(file->partial_);
        return file;
    }
    ~NewFile() {
        if (descriptor_ < 0) return;
        ::close(descriptor_);
        ::unlink(partial_.c_str());
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    Result<void> write(std::string_view text) {
        if (write_all(descriptor_, text)) return {};
        return unwritable(path_);
    }
    Result<void> finish() {
        if (fsync(descriptor_) != 0 || ::link(partial_.c_str(), path_.c_str()) != 0) return unwritable(path_);
        return {};
    }

private:
    explicit NewFile(const std::string& path) : path_(path), partial_(path + ".partial") {}
    std::string path_;
    std::string partial_;
    int descriptor_ = -1;
};

std::string quote_for_csv(const std::string& value) {
    if (value.find_first_of(",\"\r\n") == std::string::npos) return value;
    std::string quoted = "\"";
    for (const char c : value) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

std::string csv_header() {
    std::string line;
    for (std::size_t i = 0; i < core::export_field_count; ++i) {
        line += (i == 0 ? "" : ",") + std::string(core::word(static_cast<core::ImportField>(i)));
    }
    return line + "\r\n";
}

std::string csv_line(const core::Account& account) {
    std::string line;
    const char* separator = "";
    for (const std::string& value : core::export_account(account)) {
        line += separator + quote_for_csv(value);
        separator = ",";
    }
    return line + "\r\n";
}

std::string json_line(const core::Account& account) {
    boost::json::object line;
    const auto values = core::export_account(account);
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto field = static_cast<core::ImportField>(i);
        boost::json::value& value = line[core::word(field)];
        if (field == core::ImportField::admin) {
            value = account.admin;
        } else if (field == core::ImportField::roles) {
            value = boost::json::array(account.roles.begin(), account.roles.end());
        } else if (field == core::ImportField::scopes) {
            value = boost::json::array(account.scopes.begin(), account.scopes.end());
        } else if (field == core::ImportField::claims) {
            value = claims_of(account);
        } else if (!values.at(i).empty()) {
            value = values.at(i);
        }
    }
    return boost::json::serialize(line) + "\n";
}

// Hands each page on as text, and says how many accounts there were.
template <typename Write>
Result<std::uint64_t> write_pages(core::Store& store, const ExportOptions& options, Progress& progress, Write write) {
    const bool csv = options.format == "csv";
    if (csv) TRY(write(csv_header()));
    std::uint64_t count = 0;
    for (std::optional<core::AccountId> last;;) {
        auto page = TRY(core::read_and_wait(
            store, [&](core::Reader& reader) { return reader.list_accounts(last, accounts_per_read); }));
        std::string text;
        for (core::Account& account : page) {
            if (options.without_hashes) account.password_hash.clear();
            text += csv ? csv_line(account) : json_line(account);
        }
        TRY(write(text));
        count += page.size();
        progress.show(count);
        if (page.size() < accounts_per_read) return count;
        last = page.back().id;
    }
}

}  // namespace

Result<Answer> run_export(const Call& call, const ExportOptions& options) {
    if (options.format != "ndjson" && options.format != "csv") {
        return usage_error("--format is ndjson or csv, not " + options.format);
    }
    const bool to_output = options.file == "-";
    if (to_output && call.console.out_is_terminal && !options.without_hashes) {
        return usage_error("Password hashes do not belong on a terminal; name a file, or add --without-hashes");
    }
    const auto workplace = TRY(call.tools.open_workplace(call.location));
    core::Store* store = TRY(workplace->store());
    std::unique_ptr<NewFile> file;
    if (!to_output) file = TRY(NewFile::create(options.file));
    Progress progress(call.console, "accounts", 0, call.json);
    const std::uint64_t count =
        TRY(write_pages(*store, options, progress, [&](const std::string& text) -> Result<void> {
            if (file) return file->write(text);
            call.console.out << text;
            if (!call.console.out) return invalid_input("file_unwritable", "Cannot write to standard output");
            return {};
        }));
    progress.clear();
    TRY(core::write_and_wait(*store, [&](core::Transaction& transaction) {
        return core::record(transaction, "accounts.exported", call.actor(), {.account = std::nullopt},
                            options.without_hashes ? "without_hashes" : "success", static_cast<std::int64_t>(count),
                            call.tools.clock.now());
    }));
    if (file) TRY(file->finish());
    if (!options.without_hashes) call.console.error << hashes_notice;
    if (to_output) return Answer{};
    return Answer{"Wrote " + group_digits(count) + " accounts to " + options.file + "\n",
                  {{"file", options.file}, {"exported", count}, {"with_hashes", !options.without_hashes}}};
}

}  // namespace postern::cli

#include "store/sqlite_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/limits.hpp"
#include "base/user.hpp"

namespace postern::store {
namespace {

constexpr mode_t owner_only = S_IRUSR | S_IWUSR;

std::string directory_of(const std::string& file) {
    auto directory = std::filesystem::path(file).parent_path().string();
    return directory.empty() ? "." : directory;
}

std::string octal(mode_t mode) {
    std::array<char, 16> text{};
    std::snprintf(text.data(), text.size(), "%04o", mode & 07777U);
    return text.data();
}

Result<void> check_owner(const std::string& file, uid_t owner) {
    if (owner == geteuid()) return {};
    // Whatever another user wrote beside it, root above all, the server could no longer open.
    return invalid_input("wrong_user", "The database " + file + " belongs to the user " + user_name(owner) +
                                           ", and this is the user " + current_user() +
                                           "; run it as the owner (sudo -u " + user_name(owner) + " …).");
}

}  // namespace

Result<void> prepare_sqlite_file(const std::string& file) {
    struct stat status {};
    if (file.empty()) return invalid_input("directory_missing", "The database has no file name; set `store`.");
    if (stat(file.c_str(), &status) == 0) return check_owner(file, status.st_uid);
    const auto directory = directory_of(file);
    if (stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        return invalid_input("directory_missing", "The directory " + directory + " for the database " + file +
                                                      " does not exist; make it, or name another one.");
    }
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only);
    if (descriptor < 0) {
        return unavailable("The database " + file + " cannot be made (" + std::strerror(errno) +
                           "); check the permissions of its directory.");
    }
    ::close(descriptor);
    return {};
}

std::vector<core::Finding> diagnose_sqlite_file(const std::string& file) {
    std::vector<core::Finding> findings;
    struct stat status {};
    if (stat(file.c_str(), &status) == 0) {
        const bool open_to_others = (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
        findings.push_back(
            {open_to_others ? core::Severity::warning : core::Severity::ok, "store",
             "The database " + file + " belongs to " + user_name(status.st_uid) + ", mode " + octal(status.st_mode),
             open_to_others ? "Others can read the password hashes: chmod 600 " + file : ""});
    }
    std::error_code failed;
    const auto space = std::filesystem::space(directory_of(file), failed);
    if (!failed) {
        const bool low = space.available < limits::disk_free_bytes;
        findings.push_back({low ? core::Severity::warning : core::Severity::ok, "disk",
                            std::to_string(space.available / (1024 * 1024)) + " MiB are free in " + directory_of(file),
                            low ? "Free some space: a full disk stops every login" : ""});
    }
    return findings;
}

}  // namespace postern::store

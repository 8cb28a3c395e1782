#include "app/data_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "base/user.hpp"

namespace postern::app {
namespace {

// Beside the database, because that is what two servers must not share.
std::string lock_path(const Configuration& configuration) {
    return sqlite_path(configuration) + ".lock";
}

std::string read_holder(int descriptor) {
    std::array<char, 32> text{};
    const ssize_t size = pread(descriptor, text.data(), text.size(), 0);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "unknown";
}

}  // namespace

Result<void> make_data_directory(const Configuration& configuration) {
    std::error_code failure;
    const std::filesystem::path path(configuration.data_dir);
    if (std::filesystem::is_directory(path, failure)) return {};
    std::filesystem::create_directories(path, failure);
    if (!failure) std::filesystem::permissions(path, std::filesystem::perms::owner_all, failure);
    if (!failure) return {};
    return unavailable("The data directory " + configuration.data_dir + " cannot be made (" + failure.message() +
                       "); name another one with --data");
}

Result<void> check_owner(const Configuration& configuration) {
    struct stat status {};
    if (stat(configuration.data_dir.c_str(), &status) != 0 || status.st_uid == geteuid()) return {};
    const std::string owner = user_name(status.st_uid);
    return invalid_input("wrong_user", "The data directory " + configuration.data_dir + " belongs to the user " +
                                           owner + ", and this is the user " + current_user() + "; run: sudo -u " +
                                           owner + " postern …");
}

Result<ServerLock> ServerLock::take(const Configuration& configuration) {
    const std::string path = lock_path(configuration);
    // No link, soft or hard: the file is emptied below, and must not be another one that someone chose.
    const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        return unavailable("The lock file " + path + " cannot be opened (" + std::strerror(errno) +
                           "); check that the directory exists and belongs to " + current_user());
    }
    ServerLock lock(descriptor);
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
        status.st_nlink != 1) {
        return unavailable("The lock file " + path + " is not a plain file of " + current_user() +
                           "; remove it, and let nobody else write into its directory");
    }
    if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        return conflict("already_served", "The server with the process id " + read_holder(descriptor) +
                                              " uses the database " + sqlite_path(configuration) +
                                              " already; stop it, or name another directory with --data");
    }
    const std::string process = std::to_string(getpid());
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, process.data(), process.size(), 0) < 0) {
        return unavailable("The lock file " + path + " cannot be written: " + std::strerror(errno));
    }
    return lock;
}

std::optional<std::string> ServerLock::holder(const Configuration& configuration) {
    const int descriptor = open(lock_path(configuration).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return std::nullopt;
    const ServerLock probe(descriptor);
    if (flock(descriptor, LOCK_SH | LOCK_NB) == 0) return std::nullopt;
    return read_holder(descriptor);
}

ServerLock::ServerLock(ServerLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

ServerLock::~ServerLock() {
    if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace postern::app

#include "delivery/mail_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace postern::delivery {
namespace {

Error cannot_write(const std::string& path) {
    return unavailable("The mail cannot be written to " + path + ": " + std::strerror(errno));
}

bool write_whole(int file, const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const ssize_t written = write(file, text.data() + at, text.size() - at);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return false;
        at += static_cast<std::size_t>(written);
    }
    return true;
}

}  // namespace

Result<std::string> write_mail_file(const std::string& directory, const core::OutboxEntry& entry,
                                    const std::string& mail) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(directory).parent_path(), ignored);
    if (mkdir(directory.c_str(), S_IRWXU) != 0 && errno != EEXIST) return cannot_write(directory);
    std::string path = directory + "/" + std::to_string(to_milliseconds(entry.created_at)) + "-" + entry.topic + "-" +
                       entry.id.text() + ".eml";
    const std::string unfinished = path + ".part";
    const int file = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) return cannot_write(unfinished);
    const bool written = write_whole(file, mail);
    const bool closed = close(file) == 0;
    if (!written || !closed || rename(unfinished.c_str(), path.c_str()) != 0) {
        Error error = cannot_write(path);
        unlink(unfinished.c_str());
        return error;
    }
    return path;
}

}  // namespace postern::delivery

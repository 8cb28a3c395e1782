#include "base/durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace postern {
namespace {

constexpr std::size_t piece_bytes = 256UL * 1024;

class File {
public:
    File(const std::string& path, int flags) : path_(path), descriptor_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
    ~File() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] Result<void> check(const char* deed) const {
        if (descriptor_ >= 0) return {};
        return failure(deed);
    }
    [[nodiscard]] Error failure(const char* deed) const {
        return unavailable("The file " + path_ + " cannot be " + deed + ": " + std::strerror(errno));
    }
    Result<void> write_all(std::string_view text) {
        if (postern::write_all(descriptor_, text)) return {};
        return failure("written");
    }
    Result<std::size_t> read_some(std::vector<char>& piece) {
        for (;;) {
            const ssize_t count = read(descriptor_, piece.data(), piece.size());
            if (count >= 0) return static_cast<std::size_t>(count);
            if (errno != EINTR) return failure("read");
        }
    }
    Result<void> sync() {
        if (fsync(descriptor_) != 0) return failure("brought to the disk");
        return {};
    }

private:
    const std::string& path_;
    const int descriptor_;
};

constexpr int new_file = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;

}  // namespace

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

Result<void> write_durably(const std::string& path, std::string_view text) {
    File file(path, new_file);
    TRY(file.check("made"));
    TRY(file.write_all(text));
    return file.sync();
}

Result<void> copy_durably(const std::string& from, const std::string& path) {
    File source(from, O_RDONLY | O_NOFOLLOW);
    TRY(source.check("read"));
    File file(path, new_file);
    TRY(file.check("made"));
    std::vector<char> piece(piece_bytes);
    for (;;) {
        const std::size_t count = TRY(source.read_some(piece));
        if (count == 0) break;
        TRY(file.write_all({piece.data(), count}));
    }
    return file.sync();
}

Result<void> sync_file(const std::string& path) {
    File file(path, O_RDONLY);
    TRY(file.check("read"));
    return file.sync();
}

Result<void> sync_directory_of(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path().string();
    const std::string directory = parent.empty() ? "." : parent;
    return sync_file(directory);
}

}  // namespace postern

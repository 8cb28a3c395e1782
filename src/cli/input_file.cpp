#include "cli/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace postern::cli {
namespace {

constexpr std::size_t buffer_bytes = 256UL * 1024UL;

}  // namespace

InputFile::InputFile(std::string path, int descriptor)
    : path_(std::move(path)), descriptor_(descriptor), buffer_(buffer_bytes) {}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      buffer_(std::move(other.buffer_)),
      at_(other.at_),
      size_(other.size_),
      read_(other.read_),
      failed_(other.failed_) {}

InputFile::~InputFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Result<InputFile> InputFile::open(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        const int reason = errno;
        if (reason == ENOENT) return not_found("file_missing", "There is no file " + path);
        return invalid_input("file_unreadable", "Cannot read " + path + ": " + std::strerror(reason));
    }
    InputFile file(path, descriptor);
    struct stat about = {};
    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
        return invalid_input("file_unreadable", path + " is not a regular file; write the export into one first");
    }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL);
    return file;
}

bool InputFile::fill() {
    at_ = size_ = 0;
    for (;;) {
        const ssize_t count = ::read(descriptor_, buffer_.data(), buffer_.size());
        if (count < 0 && errno == EINTR) continue;
        failed_ = failed_ || count < 0;
        if (count <= 0) return false;
        size_ = static_cast<std::size_t>(count);
        read_ += size_;
        return true;
    }
}

void InputFile::rewind() {
    failed_ = lseek(descriptor_, 0, SEEK_SET) != 0;
    at_ = size_ = 0;
    read_ = 0;
}

Result<Digest> InputFile::digest() {
    rewind();
    GrowingDigest digest;
    for (std::string_view piece = ahead(); !piece.empty(); piece = ahead()) {
        digest.add(piece);
        skip(piece.size());
    }
    if (failed_) return unavailable("Cannot read " + path_ + " to its end; the disk may have a fault");
    rewind();
    return digest.finish();
}

}  // namespace postern::cli

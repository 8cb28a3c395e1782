// A file that is read from its beginning to its end, more than once, in constant memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "base/result.hpp"

namespace postern::cli {

// Used by one thread.
class InputFile {
public:
    static constexpr int end = -1;

    // Errors: not_found "file_missing"; invalid_input "file_unreadable", also for what is no regular file: a pipe
    // cannot be read twice.
    static Result<InputFile> open(const std::string& path);
    InputFile(InputFile&& other) noexcept;
    InputFile& operator=(InputFile&&) = delete;
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;
    ~InputFile();

    // The next byte, 0 to 255, or `end`: also where the file could not be read further; ask failed() then.
    int peek() {
        if (at_ == size_ && !fill()) return end;
        return static_cast<unsigned char>(buffer_[at_]);
    }
    int next() {
        const int byte = peek();
        if (byte != end) ++at_;
        return byte;
    }
    // What is buffered from here on, at least one byte unless the file ends; and how to pass over some of it.
    std::string_view ahead() {
        return peek() == end ? std::string_view() : std::string_view(&buffer_[at_], size_ - at_);
    }
    void skip(std::size_t bytes) { at_ += bytes; }

    void rewind();
    [[nodiscard]] std::uint64_t offset() const { return read_ - (size_ - at_); }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const std::string& path() const { return path_; }

    // Of the whole file. Starts from the beginning and leaves the file there. Errors: unavailable.
    Result<Digest> digest();

private:
    InputFile(std::string path, int descriptor);
    bool fill();

    std::string path_;
    int descriptor_;
    std::vector<char> buffer_;
    std::size_t at_ = 0;
    std::size_t size_ = 0;
    std::uint64_t read_ = 0;
    bool failed_ = false;
};

}  // namespace postern::cli

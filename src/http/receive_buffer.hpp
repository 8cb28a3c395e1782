// Bytes that have been received and not yet been understood. They may hold passwords: what leaves is wiped.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace postern::http {

class ReceiveBuffer {
public:
    // Never grows past `largest` bytes.
    explicit ReceiveBuffer(std::size_t largest) : largest_(largest) {}

    [[nodiscard]] bool empty() const { return begin_ == end_; }
    [[nodiscard]] std::string_view view() const { return {memory_.data() + begin_, end_ - begin_}; }

    // Room for more bytes; empty only when `largest` bytes wait.
    std::span<char> prepare() {
        if (begin_ > 0) {
            std::memmove(memory_.data(), memory_.data() + begin_, end_ - begin_);
            wipe(memory_.data() + end_ - begin_, begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ == memory_.size()) memory_.resize(std::min(largest_, std::max(smallest, 2 * memory_.size())));
        return {memory_.data() + end_, memory_.size() - end_};
    }
    void commit(std::size_t count) { end_ += count; }

    void consume(std::size_t count) {
        wipe(memory_.data() + begin_, count);
        begin_ += count;
        if (empty()) begin_ = end_ = 0;
    }

    // Gives all memory back, when nothing more is expected for long. Only when empty.
    void release() {
        if (empty()) Memory().swap(memory_);
    }
    // Gives memory back that only a large request needed. Only when empty.
    void shrink() {
        if (memory_.size() > smallest) Memory().swap(memory_);
    }

private:
    static constexpr std::size_t smallest = 2048;  // most requests fit
    using Memory = std::vector<char, WipingAllocator<char>>;

    std::size_t largest_;
    Memory memory_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace postern::http

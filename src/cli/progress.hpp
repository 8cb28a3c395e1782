// How far a long command is: a bar on a terminal, a line now and then elsewhere. Written to standard error.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "cli/console.hpp"

namespace postern::cli {

// Used by one thread.
class Progress {
public:
    // `things` names what is counted, such as "accounts"; a total of 0 is not known. Shows nothing when `silent`.
    Progress(const Console& console, std::string things, std::uint64_t total, bool silent);
    ~Progress() { clear(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    // May be called often: it writes a few times a second at most.
    void show(std::uint64_t done);
    // Takes the bar away, so that something else may be written; the next show() puts it back.
    void clear();

private:
    using Time = std::chrono::steady_clock::time_point;
    [[nodiscard]] std::string describe(std::uint64_t done, Time now) const;

    const Console& console_;
    const std::string things_;
    const std::uint64_t total_;
    const bool silent_;
    const Time started_;
    std::uint64_t first_ = 0;  // what was done when it started
    bool has_first_ = false;
    Time shown_;
    bool visible_ = false;
};

// 1234567 as "1,234,567".
std::string group_digits(std::uint64_t number);

}  // namespace postern::cli

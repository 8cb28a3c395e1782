#include "cli/progress.hpp"

#include <algorithm>
#include <ostream>

namespace postern::cli {
namespace {

using namespace std::chrono_literals;

// A bar may move smoothly; lines end up in a log.
constexpr auto bar_interval = 100ms;
constexpr auto line_interval = 5s;
constexpr std::size_t bar_width = 30;
constexpr std::string_view clear_line = "\r\x1b[K";

std::string describe_time(std::chrono::seconds time) {
    const auto minutes = time.count() / 60;
    if (minutes >= 120) return "about " + std::to_string(minutes / 60) + " h";
    if (minutes >= 2) return "about " + std::to_string(minutes) + " min";
    return "about " + std::to_string(time.count()) + " s";
}

}  // namespace

Progress::Progress(const Console& console, std::string things, std::uint64_t total, bool silent)
    : console_(console),
      things_(std::move(things)),
      total_(total),
      silent_(silent),
      started_(std::chrono::steady_clock::now()),
      shown_(started_) {}

std::string Progress::describe(std::uint64_t done, Time now) const {
    std::string text = group_digits(done) + (total_ == 0 ? "" : " of " + group_digits(total_)) + " " + things_;
    const double seconds = std::chrono::duration<double>(now - started_).count();
    const double rate = seconds > 0 ? static_cast<double>(done - first_) / seconds : 0;
    if (rate < 0.01) return text;
    if (done >= total_) return text + ", " + group_digits(static_cast<std::uint64_t>(rate)) + "/s";
    const auto left = std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(total_ - done) / rate));
    return text + ", " + group_digits(static_cast<std::uint64_t>(rate)) + "/s, " + describe_time(left) + " left";
}

void Progress::show(std::uint64_t done) {
    if (silent_) return;
    if (!has_first_) first_ = done;
    has_first_ = true;
    const Time now = std::chrono::steady_clock::now();
    if (now - shown_ < (console_.error_is_terminal ? std::chrono::milliseconds(bar_interval) : line_interval)) return;
    shown_ = now;
    if (!console_.error_is_terminal) {
        console_.error << describe(done, now) << std::endl;
        return;
    }
    visible_ = true;
    if (total_ == 0) {
        console_.error << clear_line << describe(done, now) << std::flush;
        return;
    }
    const std::uint64_t part = std::min(done, total_) * bar_width / std::max<std::uint64_t>(total_, 1);
    std::string bar(bar_width, '.');
    std::fill_n(bar.begin(), part, '#');
    console_.error << clear_line << '[' << bar << "] " << describe(done, now) << std::flush;
}

void Progress::clear() {
    if (visible_) console_.error << clear_line << std::flush;
    visible_ = false;
}

std::string group_digits(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), 1, ',');
    }
    return text;
}

}  // namespace postern::cli

#include "base/time_text.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace postern {
namespace {

constexpr std::size_t second_digits = 11;
constexpr std::size_t number_digits = 15;

// Takes a text apart from its beginning; once something is missing, everything after it is too.
class Parts {
public:
    explicit Parts(std::string_view text) : rest_(text) {}

    int number(std::size_t digits) {
        int value = 0;
        if (rest_.size() < digits) return fail();
        for (const char digit : rest_.substr(0, digits)) {
            if (digit < '0' || digit > '9') return fail();
            value = value * 10 + (digit - '0');
        }
        rest_.remove_prefix(digits);
        return value;
    }
    bool skip(char wanted) {
        if (!rest_.starts_with(wanted)) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char wanted) {
        if (!skip(wanted)) fail();
    }
    // The digits after a decimal point, as milliseconds.
    int fraction() {
        int value = 0;
        int weight = 100;
        const std::size_t before = rest_.size();
        while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
            value += weight * (rest_.front() - '0');
            weight /= 10;
            rest_.remove_prefix(1);
        }
        return rest_.size() == before ? fail() : value;
    }
    [[nodiscard]] bool has_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] bool good() const { return good_; }
    int fail() {
        good_ = false;
        return 0;
    }

private:
    std::string_view rest_;
    bool good_ = true;
};

std::optional<Timestamp> parse_number(std::string_view text) {
    std::int64_t value = 0;
    if (text.empty() || text.size() > number_digits) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return text.size() > second_digits ? from_milliseconds(value) : from_seconds(value);
}

Milliseconds time_of_day(Parts& parts) {
    const int hour = parts.number(2);
    parts.expect(':');
    const int minute = parts.number(2);
    const int second = parts.skip(':') ? parts.number(2) : 0;
    const int fraction = parts.skip('.') ? parts.fraction() : 0;
    if (hour > 23 || minute > 59 || second > 60) parts.fail();
    return std::chrono::hours(hour) + std::chrono::minutes(minute) + Seconds(second) + Milliseconds(fraction);
}

std::chrono::minutes zone_offset(Parts& parts) {
    if (parts.skip('Z') || parts.skip('z') || parts.at_end()) return {};
    const bool west = parts.skip('-');
    if (!west) parts.expect('+');
    const int hour = parts.number(2);
    const int minute = parts.skip(':') || parts.has_digit() ? parts.number(2) : 0;
    if (hour > 23 || minute > 59) parts.fail();
    const auto offset = std::chrono::hours(hour) + std::chrono::minutes(minute);
    return west ? -offset : offset;
}

}  // namespace

std::string write_time(Timestamp time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                  static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
    return text.data();
}

std::optional<Timestamp> parse_time(std::string_view text) {
    if (text.find('-') == std::string_view::npos) return parse_number(text);
    Parts parts(text);
    const std::chrono::year year(parts.number(4));
    parts.expect('-');
    const std::chrono::month month(static_cast<unsigned>(parts.number(2)));
    parts.expect('-');
    const std::chrono::day day(static_cast<unsigned>(parts.number(2)));
    Milliseconds clock{};
    if (!parts.at_end()) {
        if (!parts.skip('T') && !parts.skip('t')) parts.expect(' ');
        clock = time_of_day(parts);
        clock -= zone_offset(parts);
    }
    const std::chrono::year_month_day date(year, month, day);
    if (!parts.good() || !parts.at_end() || !date.ok()) return std::nullopt;
    const Timestamp time = std::chrono::sys_days(date) + clock;
    return time < Timestamp() ? std::nullopt : std::optional(time);
}

}  // namespace postern

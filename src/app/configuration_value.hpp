// Single values of the configuration: how they are written, and what is said when one is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/configuration_keys.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace postern::app {

// "250ms", "30s", "15m", "24h" or "90d"; nothing for anything else, or for what no Milliseconds can hold.
std::optional<Milliseconds> parse_duration(std::string_view text);
// In the largest unit that divides it.
std::string format_duration(Milliseconds duration);

// What was written in the file. `Unfit` is a TOML value that no key takes, such as a table or a date.
struct Unfit {
    std::string word;
};
using WrittenValue = std::variant<std::string, std::int64_t, bool, double, std::vector<std::string>, Unfit>;

// Sets the key's member, and notes the origin. Errors: "invalid_configuration" with origin, key, value and what is
// allowed.
Result<void> assign(Configuration& configuration, const Key& key, const WrittenValue& value, const std::string& origin);
// The same from text, as the environment and the command line have it; lists are separated by commas.
Result<void> assign_text(Configuration& configuration, const Key& key, const std::string& text,
                         const std::string& origin);

// The current value as TOML writes it.
std::string format_value(const Configuration& configuration, const Key& key);

}  // namespace postern::app

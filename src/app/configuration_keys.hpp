// The one table of the configuration's keys. Parsing, the environment, error sentences, `postern config` and the
// reference in docs/configuration.md all derive from it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/configuration.hpp"

namespace postern::app {

// The member that a key sets; its type is the key's type.
using Place = std::variant<std::string Configuration::*, std::vector<std::string> Configuration::*,
                           bool Configuration::*, std::int64_t Configuration::*, Milliseconds Configuration::*>;

struct Key {
    std::string_view name;  // dotted
    Place place;
    std::string_view description;
    std::string_view default_text = {};  // where the default follows from others
    // Of integers; of durations in milliseconds.
    std::int64_t lowest = 0;
    std::int64_t highest = std::numeric_limits<std::int64_t>::max();
    std::vector<std::string_view> choices = {};  // of texts; empty: any
};

// Milliseconds.
inline constexpr std::int64_t second = 1000;
inline constexpr std::int64_t minute = 60 * second;
inline constexpr std::int64_t hour = 60 * minute;
inline constexpr std::int64_t day = 24 * hour;

// The part of the table that is about accounts: passwords, mail, links, the throttle, webhooks.
std::vector<Key> account_keys();
std::span<const Key> configuration_keys();
const Key* find_key(std::string_view name);
std::string nearest_key(std::string_view name);

// POSTERN_TOKENS_ACCESS_LIFE for tokens.access_life.
std::string variable_name(std::string_view key_name);
// Variables that are no keys, with what they are for: the master keys and the file.
struct Variable {
    std::string_view name;
    std::string_view description;
};
std::span<const Variable> further_variables();

// What the key may be, as an error sentence ends: `a time such as "15m", from 1s to 24h`.
std::string allowed_values(const Key& key);

// The tables of docs/configuration.md.
std::string reference_markdown();

}  // namespace postern::app

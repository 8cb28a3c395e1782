// The log: one JSON object a line on standard error, through spdlog.
//
// Thread-safe. Nothing here can hold a secret: fields are built from text and numbers that the caller names, and
// SecretString converts to neither.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace postern::log {

enum class Level { debug, info, warning, error };

struct Field {
    std::string_view name;
    std::variant<std::string_view, std::int64_t, double, bool> value;

    Field(std::string_view field, std::string_view text) : name(field), value(text) {}
    Field(std::string_view field, const std::string& text) : name(field), value(std::string_view(text)) {}
    Field(std::string_view field, const char* text) : name(field), value(std::string_view(text)) {}
    Field(std::string_view field, double number) : name(field), value(number) {}
    Field(std::string_view field, bool flag) : name(field), value(flag) {}
    template <typename Integer>
    requires std::is_integral_v<Integer> Field(std::string_view field, Integer number)
        : name(field), value(static_cast<std::int64_t>(number)) {}
};

// Lines below `level` are left out. Before the first call: info.
void set_level(Level level);
std::string_view name(Level level);

// Writes {"time":…,"level":…,"event":…, fields…}. `event` is a stable word_in_snake_case.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
    write(Level::error, event, fields);
}

}  // namespace postern::log

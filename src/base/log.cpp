#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>

namespace postern::log {
namespace {

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
    }
    return spdlog::level::err;
}

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = std::make_shared<spdlog::logger>("postern", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ",%v})", spdlog::pattern_time_type::utc);
        return made;
    }();
    return *instance;
}

void append_json_text(std::string& line, std::string_view text) {
    line.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            line.push_back('\\');
            line.push_back(c);
        } else if (byte < 0x20 || byte == 0x7f) {
            line += fmt::format("\\u{:04x}", byte);
        } else {
            line.push_back(c);
        }
    }
    line.push_back('"');
}

struct FieldWriter {
    std::string& line;
    void operator()(std::string_view text) const { append_json_text(line, text); }
    void operator()(std::int64_t number) const { line += std::to_string(number); }
    void operator()(double number) const { line += fmt::format("{:.3f}", number); }
    void operator()(bool flag) const { line += flag ? "true" : "false"; }
};

}  // namespace

std::string_view name(Level level) {
    constexpr std::array<std::string_view, 4> names = {"debug", "info", "warning", "error"};
    return names.at(static_cast<std::size_t>(level));
}

void set_level(Level level) {
    logger().set_level(to_spdlog(level));
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
    if (!logger().should_log(to_spdlog(level))) return;
    std::string line = R"("level":")";
    line += name(level);
    line += R"(","event":)";
    append_json_text(line, event);
    for (const Field& field : fields) {
        line.push_back(',');
        append_json_text(line, field.name);
        line.push_back(':');
        std::visit(FieldWriter{line}, field.value);
    }
    logger().log(to_spdlog(level), line);
}

}  // namespace postern::log

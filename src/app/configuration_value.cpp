#include "app/configuration_value.hpp"

#include <array>
#include <charconv>
#include <limits>

#include "base/encoding.hpp"

namespace postern::app {
namespace {

struct Unit {
    std::string_view suffix;
    std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> units = {{{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<Milliseconds> multiply(std::int64_t count, std::int64_t unit) {
    if (count < 0 || count > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
    return Milliseconds(count * unit);
}

// A store's URL may hold a password, so a wrong one is never quoted.
bool may_hold_secret(const Key& key) {
    return key.name == "store";
}

struct Quoted {
    const Key& key;
    std::string operator()(const std::string& text) const {
        return may_hold_secret(key) ? "not acceptable" : quote_for_message(text);
    }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(double) const { return "a fraction"; }
    std::string operator()(const std::vector<std::string>&) const { return "a list"; }
    std::string operator()(const Unfit& unfit) const { return unfit.word; }
};

Error wrong_value(const Key& key, const WrittenValue& value, const std::string& origin) {
    return configuration_error(origin + ": " + std::string(key.name) + " is " + std::visit(Quoted{key}, value) +
                               "; it must be " + allowed_values(key));
}

bool in_bounds(const Key& key, std::int64_t number) {
    return number >= key.lowest && number <= key.highest;
}

// One overload for each type of member; false when the value does not fit.
struct Assignment {
    Configuration& configuration;
    const Key& key;
    const WrittenValue& value;

    bool operator()(std::string Configuration::*member) const {
        const auto* text = std::get_if<std::string>(&value);
        if (text == nullptr || text->find('\0') != std::string::npos) return false;
        bool chosen = key.choices.empty();
        for (const std::string_view choice : key.choices) chosen = chosen || choice == *text;
        if (chosen) configuration.*member = *text;
        return chosen;
    }
    bool operator()(std::vector<std::string> Configuration::*member) const {
        const auto* list = std::get_if<std::vector<std::string>>(&value);
        if (list == nullptr) return false;
        configuration.*member = *list;
        return true;
    }
    bool operator()(bool Configuration::*member) const {
        const auto* flag = std::get_if<bool>(&value);
        if (flag == nullptr) return false;
        configuration.*member = *flag;
        return true;
    }
    bool operator()(std::int64_t Configuration::*member) const {
        const auto* number = std::get_if<std::int64_t>(&value);
        if (number == nullptr || !in_bounds(key, *number)) return false;
        configuration.*member = *number;
        return true;
    }
    bool operator()(Milliseconds Configuration::*member) const {
        std::optional<Milliseconds> duration;
        if (const auto* text = std::get_if<std::string>(&value)) duration = parse_duration(*text);
        if (const auto* seconds = std::get_if<std::int64_t>(&value)) duration = multiply(*seconds, 1000);
        if (!duration || !in_bounds(key, duration->count())) return false;
        configuration.*member = *duration;
        return true;
    }
};

// How each type of member reads a variable of the environment.
struct FromText {
    const std::string& text;

    WrittenValue operator()(std::string Configuration::*) const { return text; }
    WrittenValue operator()(std::vector<std::string> Configuration::*) const {
        std::vector<std::string> list;
        std::string_view rest = text;
        while (!rest.empty()) {
            const auto comma = rest.find(',');
            std::string_view item = rest.substr(0, comma);
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
            while (item.starts_with(' ')) item.remove_prefix(1);
            while (item.ends_with(' ')) item.remove_suffix(1);
            if (!item.empty()) list.emplace_back(item);
        }
        return list;
    }
    WrittenValue operator()(bool Configuration::*) const {
        if (text == "true" || text == "1") return true;
        if (text == "false" || text == "0") return false;
        return text;
    }
    WrittenValue operator()(std::int64_t Configuration::*) const {
        if (const auto number = parse_integer(text)) return *number;
        return text;
    }
    WrittenValue operator()(Milliseconds Configuration::*) const {
        if (const auto seconds = parse_integer(text)) return *seconds;
        return text;
    }
};

std::string toml_text(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted.push_back('\\');
        quoted.push_back(c);
    }
    return quoted + '"';
}

struct Formatting {
    const Configuration& configuration;

    std::string operator()(std::string Configuration::*member) const { return toml_text(configuration.*member); }
    std::string operator()(std::vector<std::string> Configuration::*member) const {
        std::string text = "[";
        for (const std::string& item : configuration.*member) text += (text.size() > 1 ? ", " : "") + toml_text(item);
        return text + "]";
    }
    std::string operator()(bool Configuration::*member) const { return configuration.*member ? "true" : "false"; }
    std::string operator()(std::int64_t Configuration::*member) const { return std::to_string(configuration.*member); }
    std::string operator()(Milliseconds Configuration::*member) const {
        return toml_text(format_duration(configuration.*member));
    }
};

}  // namespace

std::optional<Milliseconds> parse_duration(std::string_view text) {
    const auto digits = text.find_first_not_of("0123456789");
    if (digits == 0 || digits == std::string_view::npos) return std::nullopt;
    const auto count = parse_integer(text.substr(0, digits));
    for (const Unit& unit : units) {
        if (count && unit.suffix == text.substr(digits)) return multiply(*count, unit.milliseconds);
    }
    return std::nullopt;
}

std::string format_duration(Milliseconds duration) {
    if (duration.count() == 0) return "0s";
    std::size_t largest = 0;
    while (duration.count() % units.at(largest).milliseconds != 0) ++largest;  // everything is a multiple of 1 ms
    return std::to_string(duration.count() / units.at(largest).milliseconds) + std::string(units.at(largest).suffix);
}

Result<void> assign(Configuration& configuration, const Key& key, const WrittenValue& value,
                    const std::string& origin) {
    if (!std::visit(Assignment{configuration, key, value}, key.place)) return wrong_value(key, value, origin);
    configuration.origins[std::string(key.name)] = origin;
    return {};
}

Result<void> assign_text(Configuration& configuration, const Key& key, const std::string& text,
                         const std::string& origin) {
    return assign(configuration, key, std::visit(FromText{text}, key.place), origin);
}

std::string format_value(const Configuration& configuration, const Key& key) {
    if (may_hold_secret(key)) return toml_text(describe_store(configuration));
    return std::visit(Formatting{configuration}, key.place);
}

}  // namespace postern::app

// The configuration file: TOML into values of the table of keys.
#include <toml++/toml.h>

#include "app/configuration.hpp"
#include "app/configuration_keys.hpp"
#include "app/configuration_value.hpp"
#include "base/encoding.hpp"

namespace postern::app {
namespace {

std::string origin_of(const std::string& file, const toml::node& node) {
    return file + ", line " + std::to_string(node.source().begin.line);
}

WrittenValue value_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* fraction = node.as_floating_point()) return fraction->get();
    if (node.is_table()) return Unfit{"a table"};
    const auto* list = node.as_array();
    if (list == nullptr) return Unfit{"a date or a time of day"};
    std::vector<std::string> texts;
    for (const toml::node& item : *list) {
        const auto* text = item.as_string();
        if (text == nullptr) return Unfit{"a list that holds something else than texts"};
        texts.push_back(text->get());
    }
    return texts;
}

Error unknown_key(const std::string& name, const std::string& origin) {
    return configuration_error(origin + ": there is no key " + quote_for_message(name) + "; did you mean " +
                               nearest_key(name) + "?");
}

Result<void> apply_table(Configuration& configuration, const toml::table& table, const std::string& prefix,
                         const std::string& file) {
    for (const auto& [name, node] : table) {
        const std::string full_name = prefix + std::string(name.str());
        if (const Key* key = find_key(full_name)) {
            TRY(assign(configuration, *key, value_of(node), origin_of(file, node)));
        } else if (const toml::table* section = node.as_table(); section != nullptr && !section->empty()) {
            TRY(apply_table(configuration, *section, full_name + ".", file));
        } else if (section == nullptr) {
            return unknown_key(full_name, origin_of(file, node));
        }
    }
    return {};
}

}  // namespace

Result<void> apply_toml(Configuration& configuration, std::string_view text, const std::string& name) {
    // toml++ reports a mistake as an exception; here it becomes a sentence.
    try {
        const toml::table table = toml::parse(text);
        return apply_table(configuration, table, "", name);
    } catch (const toml::parse_error& mistake) {
        return configuration_error(name + ", line " + std::to_string(mistake.source().begin.line) + ", column " +
                                   std::to_string(mistake.source().begin.column) +
                                   ": this is not TOML: " + std::string(mistake.description()));
    }
}

}  // namespace postern::app

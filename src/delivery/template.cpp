#include "delivery/template.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/html.hpp"

namespace postern::delivery {
namespace {

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

Error invalid_template(std::string_view name, const std::string& problem) {
    return invalid_input("invalid_template", std::string(name) + " " + problem);
}

}  // namespace

Result<Template> Template::parse(std::string_view text, const std::set<std::string, std::less<>>& known,
                                 std::string_view name) {
    Template made;
    for (;;) {
        const auto open = text.find("{{");
        if (open == std::string_view::npos) break;
        const auto close = text.find("}}", open);
        if (close == std::string_view::npos) return invalid_template(name, "has a {{ without a }}");
        const std::string_view variable = trim(text.substr(open + 2, close - open - 2));
        if (!known.contains(variable)) {
            std::string list;
            for (const std::string& each : known) list += (list.empty() ? "" : ", ") + each;
            return invalid_template(name, "names the variable " + quote_for_message(variable) + "; there are " + list);
        }
        made.pieces_.push_back({std::string(text.substr(0, open)), std::string(variable)});
        text.remove_prefix(close + 2);
    }
    made.pieces_.push_back({std::string(text), ""});
    return made;
}

std::string Template::render(const Variables& variables, Escape escape) const {
    std::string text;
    for (const Piece& piece : pieces_) {
        text += piece.text;
        const auto value = variables.find(piece.variable);
        if (value == variables.end()) continue;
        text += escape == Escape::html ? escape_html(value->second) : value->second;
    }
    return text;
}

bool Template::mentions(std::string_view variable) const {
    return std::ranges::any_of(pieces_, [&](const Piece& piece) { return piece.variable == variable; });
}

}  // namespace postern::delivery

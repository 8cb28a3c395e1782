// One text with {{variables}} in it. There is nothing else to a template: no loops, no conditions, no code.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace postern::delivery {

using Variables = std::map<std::string, std::string, std::less<>>;

enum class Escape { none, html };

class Template {
public:
    // `name` is what errors call it. Errors: invalid_input "invalid_template" for a placeholder that is never closed,
    // or that names none of `known`.
    static Result<Template> parse(std::string_view text, const std::set<std::string, std::less<>>& known,
                                  std::string_view name);

    // A variable without a value shows nothing. What a value holds is never read as a placeholder.
    [[nodiscard]] std::string render(const Variables& variables, Escape escape) const;
    [[nodiscard]] bool mentions(std::string_view variable) const;

private:
    struct Piece {
        std::string text;
        std::string variable;  // shown after the text; empty at the end
    };
    std::vector<Piece> pieces_;
};

}  // namespace postern::delivery

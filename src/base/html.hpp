// What every room that writes HTML needs: text that stays text, and colours that can be read.
#pragma once

#include <string>
#include <string_view>

namespace postern {

// Fit for the text of an element and for a quoted attribute.
std::string escape_html(std::string_view text);

// "#000000" or "#ffffff", whichever has more contrast on `color`, which is "#rrggbb" (WCAG 2.2, 1.4.3).
std::string_view text_color_on(std::string_view color);

}  // namespace postern

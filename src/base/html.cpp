#include "base/html.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace postern {
namespace {

// Relative luminance of an sRGB colour (WCAG 2.2).
double luminance(std::string_view color) {
    constexpr std::array<double, 3> weights = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        unsigned byte = 0;
        const auto digits = color.substr(1 + 2 * i, 2);
        std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        const double part = byte / 255.0;
        sum += weights.at(i) * (part <= 0.04045 ? part / 12.92 : std::pow((part + 0.055) / 1.055, 2.4));
    }
    return sum;
}

}  // namespace

std::string escape_html(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
            case '&': out += "&amp;"; break;
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '"': out += "&quot;"; break;
            case '\'': out += "&#39;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string_view text_color_on(std::string_view color) {
    // Contrast is (lighter + 0.05) / (darker + 0.05): equal against black and white at this luminance.
    constexpr double middle = 0.1791;
    return luminance(color) > middle ? "#000000" : "#ffffff";
}

}  // namespace postern

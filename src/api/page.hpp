// The few HTML pages there are: behind mailed links, without scripts, in the operator's colour and name.
//
// Whatever comes from outside passes through escape_html(). The pages load one stylesheet from here and nothing else;
// their Content-Security-Policy says so.
#pragma once

#include <string>
#include <string_view>

#include "http/message.hpp"

namespace postern::api {

struct PageStyle {
    std::string service_name;
    std::string color;  // #rrggbb
};

struct Page {
    std::string language;  // of its texts, a BCP 47 tag
    std::string title;     // plain text
    std::string content;   // HTML
};

http::Response answer_page(int status, const Page& page, const PageStyle& style);

// The stylesheet. Text on the operator's colour is black or white, whichever has more contrast (WCAG 2.2, 1.4.3).
http::Response answer_stylesheet(const PageStyle& style);

}  // namespace postern::api

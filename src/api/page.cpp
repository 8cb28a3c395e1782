#include "api/page.hpp"

#include "base/html.hpp"

namespace postern::api {
namespace {

constexpr std::string_view content_policy =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

constexpr std::string_view stylesheet = R"css(
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f3f4f6; color: #16181d;
    font: 1rem/1.5 system-ui, sans-serif; }
main { width: min(26rem, 100vw - 2rem); margin: 2rem 0; padding: 2rem; background: #fff; border-radius: .75rem;
    border-top: .375rem solid var(--brand); box-shadow: 0 1px 3px #0003; }
header { font-weight: 600; color: #4a4f59; }
h1 { margin: .25rem 0 1rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
label { display: block; margin-bottom: .25rem; font-weight: 600; }
input { width: 100%; margin-bottom: 1rem; padding: .625rem .75rem; font: inherit; color: inherit; background: #fff;
    border: 1px solid #6b7280; border-radius: .375rem; }
button { width: 100%; padding: .75rem; font: inherit; font-weight: 600; cursor: pointer; border: 0;
    border-radius: .375rem; color: var(--on-brand); background: var(--brand); }
input:focus-visible, button:focus-visible { outline: .1875rem solid #16181d; outline-offset: .125rem; }
.hint { color: #4a4f59; font-size: .9375rem; }
.error { padding: .75rem; border-radius: .375rem; color: #7f1d1d; background: #fee2e2; }
@media (prefers-color-scheme: dark) {
    body { background: #16181d; color: #f3f4f6; }
    main { background: #22252b; }
    header, .hint { color: #b4bac4; }
    input { background: #16181d; border-color: #9aa1ad; }
    input:focus-visible, button:focus-visible { outline-color: #f3f4f6; }
    .error { color: #fecaca; background: #5c1414; }
}
)css";

}  // namespace

http::Response answer_page(int status, const Page& page, const PageStyle& style) {
    const std::string name = escape_html(style.service_name);
    const std::string title = escape_html(page.title);
    http::Response response{.status = status, .headers = {}, .content_type = "text/html; charset=utf-8", .body = {}};
    response.body = "<!DOCTYPE html>\n<html lang=\"" + escape_html(page.language) +
                    "\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n"
                    "<title>" +
                    title + " – " + name + "</title>\n<link rel=\"stylesheet\" href=\"style.css\">\n</head>\n" +
                    "<body>\n<main>\n<header>" + name + "</header>\n<h1>" + title + "</h1>\n" + page.content +
                    "</main>\n</body>\n</html>\n";
    response.with("Cache-Control", "no-store").with("Content-Security-Policy", std::string(content_policy));
    return response;
}

http::Response answer_stylesheet(const PageStyle& style) {
    http::Response response{.status = 200, .headers = {}, .content_type = "text/css; charset=utf-8", .body = {}};
    response.body = ":root { --brand: " + style.color + "; --on-brand: " + std::string(text_color_on(style.color)) +
                    "; color-scheme: light dark; }" + std::string(stylesheet);
    response.with("Cache-Control", "public, max-age=300");
    return response;
}

}  // namespace postern::api

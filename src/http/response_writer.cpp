#include "http/response_writer.hpp"

#include <algorithm>
#include <array>
#include <boost/beast/http/status.hpp>
#include <charconv>

#include "base/ascii.hpp"
#include "base/log.hpp"

namespace postern::http {
namespace {

// OWASP's HTTP headers cheat sheet: nothing here may be framed, sniffed or run.
constexpr std::string_view security_lines =
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "X-Frame-Options: DENY\r\n";
// For an API, whose answers are no pages. The few pages there are bring a policy of their own.
constexpr std::string_view content_policy_name = "Content-Security-Policy";
constexpr std::string_view content_policy_line =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n";
constexpr std::string_view transport_line = "Strict-Transport-Security: max-age=31536000\r\n";

void append_number(std::string& out, std::size_t number) {
    std::array<char, 20> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), end);
}

bool is_header_text(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; });
}

void append_line(std::string& out, std::string_view name, std::string_view value) {
    if (!is_header_text(name) || !is_header_text(value)) {
        log::error("invalid_response_header", {{"name", name}});
        return;
    }
    out.append(name).append(": ").append(value).append("\r\n");
}

void append_status_line(std::string& out, int status) {
    if (status == 200) {
        out.append("HTTP/1.1 200 OK\r\n");
        return;
    }
    const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
    out.append("HTTP/1.1 ");
    append_number(out, static_cast<std::size_t>(status));
    out.append(" ").append(reason.data(), reason.size()).append("\r\n");
}

}  // namespace

std::string_view DateLine::now() {
    const std::time_t second = std::time(nullptr);
    if (second != second_) {
        std::tm parts{};
        gmtime_r(&second, &parts);
        // Not strftime's names: those follow the locale.
        constexpr std::array<std::string_view, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::array<char, 64> numbers{};
        line_ = "Date: ";
        line_.append(days.at(static_cast<std::size_t>(parts.tm_wday)));
        std::strftime(numbers.data(), numbers.size(), ", %d ", &parts);
        line_.append(numbers.data()).append(months.at(static_cast<std::size_t>(parts.tm_mon)));
        std::strftime(numbers.data(), numbers.size(), " %Y %H:%M:%S GMT\r\n", &parts);
        line_.append(numbers.data());
        second_ = second;
    }
    return line_;
}

void append_response(std::string& out, const Response& response, const ResponseFraming& framing) {
    append_status_line(out, response.status);
    out.append(framing.date_line);
    const bool has_length = response.status >= 200 && response.status != 204 && response.status != 304;
    const bool has_body = has_length && !response.content_type.empty();
    if (has_body) append_line(out, "Content-Type", response.content_type);
    if (response.stream != nullptr) {
        if (!framing.http_1_0) out.append("Transfer-Encoding: chunked\r\n");
    } else if (has_length) {
        out.append("Content-Length: ");
        append_number(out, has_body ? response.body.size() : 0);
        out.append("\r\n");
    }
    bool has_cache_control = false;
    bool has_content_policy = false;
    for (const auto& [name, value] : response.headers) {
        append_line(out, name, value);
        has_cache_control = has_cache_control || equal_ignoring_case(name, "Cache-Control");
        has_content_policy = has_content_policy || equal_ignoring_case(name, content_policy_name);
    }
    if (response.prepared_lines != nullptr) out.append(*response.prepared_lines);
    if (!has_cache_control) out.append("Cache-Control: no-store\r\n");
    if (framing.security_headers) {
        out.append(security_lines);
        if (!has_content_policy) out.append(content_policy_line);
        if (framing.tls) out.append(transport_line);
    }
    out.append("X-Request-Id: ").append(framing.request_id).append("\r\n");
    if (!framing.keep_alive) {
        out.append("Connection: close\r\n");
    } else if (framing.http_1_0) {
        out.append("Connection: keep-alive\r\n");
    }
    out.append("\r\n");
    if (has_body && !framing.head) out.append(response.body);
}

}  // namespace postern::http

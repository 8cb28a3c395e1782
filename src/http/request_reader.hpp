// From bytes to one request: the grammar of RFC 9112 by Beast's parser, and on top of it everything that we refuse
// although a lenient server would not, because two readers that disagree about where a request ends are how requests
// are smuggled.
//
// Refused: bare CR or LF, folded lines, control characters, two of the headers that decide something, Content-Length
// beside Transfer-Encoding, any transfer coding but chunked, trailers' influence on anything, and every size past its
// limit, before it is read. One reader serves a connection; not thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "http/message.hpp"

namespace postern::http {

struct RequestLimits {
    std::size_t header_bytes = limits::http_header_bytes;
    std::size_t header_lines = limits::http_header_lines;
    std::size_t target_bytes = limits::http_target_bytes;
    std::size_t body_bytes = limits::http_body_bytes;
};

// Why a request is refused before any handler sees it. The connection ends with it.
struct Refusal {
    int status = 400;
    std::string_view code;
    std::string message;
};

class RequestReader {
public:
    explicit RequestReader(const RequestLimits& limits);
    ~RequestReader();
    RequestReader(const RequestReader&) = delete;
    RequestReader& operator=(const RequestReader&) = delete;

    enum class Progress { need_more, done, refused };

    // Forgets the last request; the next one goes into `request`, which keeps its memory for the purpose.
    void restart(Request& request);

    // `bytes`: everything received and not consumed yet. need_more: call again with more of them at the end.
    // Fills all of the request but its body.
    Progress read_header(std::string_view bytes);
    // After the header is done; the same, except that it may consume while it needs more.
    Progress read_body(std::string_view bytes);
    // How many bytes the last call used up.
    [[nodiscard]] std::size_t consumed() const { return consumed_; }

    // Refuses the request for a reason that is not in its bytes; returns refused. `code` must be a literal.
    Progress refuse(int status, std::string_view code, std::string message);
    // When refused; the request then holds what had been read of it.
    [[nodiscard]] const Refusal& refusal() const { return refusal_; }

    // Once the header is done.
    [[nodiscard]] bool has_body() const;
    [[nodiscard]] bool expects_continue() const;
    [[nodiscard]] bool keep_alive() const;
    [[nodiscard]] bool is_http_1_0() const;

private:
    class Parser;

    // Looks at the bytes that came since the last call, once each; sets header_end_ when it finds the empty line.
    Progress scan_header(std::string_view bytes);
    Progress end_line(std::size_t next_line);
    Progress parse_header(std::string_view header);
    Progress check_header();
    Progress split_target(std::string_view target);

    RequestLimits limits_;
    Request* request_ = nullptr;
    std::unique_ptr<Parser> parser_;
    Refusal refusal_;
    std::size_t consumed_ = 0;

    std::size_t scanned_ = 0;       // bytes of the header looked at
    std::size_t line_start_ = 0;    // of the line that scanned_ is in
    std::size_t header_start_ = 0;  // after the empty lines that may stand before a request
    std::size_t header_end_ = 0;    // 0: not seen yet
    std::size_t lines_ = 0;
    std::size_t body_wire_bytes_ = 0;  // of a body as sent, chunk headers included
};

}  // namespace postern::http

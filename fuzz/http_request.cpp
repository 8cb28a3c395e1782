// A connection's bytes: the same requests must come out however they are cut.
#include <algorithm>
#include <string>

#include "http/request_reader.hpp"
#include "target.hpp"

namespace postern::fuzz {
namespace {

using Progress = http::RequestReader::Progress;

http::RequestLimits small_limits() {
    http::RequestLimits limits;
    limits.header_bytes = 2048;
    limits.body_bytes = 1024;
    return limits;
}

std::string text_of(const http::Request& request) {
    std::string text = std::string(name(request.method)) + " " + request.path + " " + request.query + "\n";
    for (const auto& [field, value] : request.headers) text += field + ":" + value + "\n";
    return text + request.body + "\n";
}

// All requests that come of `bytes`, `step` at a time; a refusal by its status.
std::string read_all(std::string_view bytes, std::size_t step) {
    http::RequestReader reader(small_limits());
    http::Request request;
    std::string seen;
    std::string buffer;
    bool in_body = false;
    reader.restart(request);
    for (;;) {
        Progress progress = Progress::need_more;
        if (!buffer.empty()) {
            progress = in_body ? reader.read_body(buffer) : reader.read_header(buffer);
            hold(reader.consumed() <= buffer.size(), "no more is used up than there is");
            buffer.erase(0, reader.consumed());
        }
        if (progress == Progress::refused) return seen + std::to_string(reader.refusal().status);
        if (progress == Progress::need_more) {
            if (bytes.empty()) return seen;
            buffer.append(bytes.substr(0, step));
            bytes.remove_prefix(std::min(step, bytes.size()));
        } else if (!in_body && reader.has_body()) {
            in_body = true;
        } else {
            seen += text_of(request);
            in_body = false;
            reader.restart(request);
        }
    }
}

// A refusal may come earlier or later, and for another reason, when the limits are met in pieces.
bool is_refused(std::string_view text) {
    return text.size() >= 3 && !text.ends_with('\n');
}

}  // namespace

void http_request(std::string_view input) {
    const std::string whole = read_all(input, std::max<std::size_t>(input.size(), 1));
    const std::string cut = read_all(input, 1 + input.size() % 7);
    if (is_refused(whole) || is_refused(cut)) return;
    hold(whole == cut, "the same requests come out however the bytes are cut");
}

}  // namespace postern::fuzz

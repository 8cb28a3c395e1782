#include "http/request_reader.hpp"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

#include "base/ascii.hpp"

namespace postern::http {
namespace {

namespace beast = boost::beast::http;
using Verb = beast::verb;
using BeastText = boost::beast::string_view;
using BeastError = boost::beast::error_code;

std::string_view view(BeastText text) {
    return {text.data(), text.size()};
}

std::optional<Method> to_method(Verb verb) {
    switch (verb) {
        case Verb::get: return Method::get;
        case Verb::head: return Method::head;
        case Verb::post: return Method::post;
        case Verb::put: return Method::put;
        case Verb::patch: return Method::patch;
        case Verb::delete_: return Method::delete_;
        case Verb::options: return Method::options;
        case Verb::connect: return std::nullopt;  // its target is no path
        default: return Method::other;
    }
}

// The headers of which a second one would leave open which of the two counts.
struct FieldCounts {
    unsigned host = 0;
    unsigned content_length = 0;
    unsigned content_type = 0;
    unsigned authorization = 0;
    unsigned transfer_encoding = 0;
};

// Beast calls these as it recognises the parts of a request.
class Grammar final : public beast::basic_parser<true> {
public:
    Grammar(Request& request, const RequestLimits& limits) : request_(request) {
        header_limit(static_cast<std::uint32_t>(limits.header_bytes + 1));  // the scan before has refused longer ones
        body_limit(limits.body_bytes);
    }

    Verb verb = Verb::unknown;
    std::string_view target;  // into the bytes of the header
    int version = 0;
    FieldCounts counts;
    // Header lines left in the request by the one before it.
    void drop_stale_headers() { request_.headers.resize(headers_); }
    bool length_is_list = false;
    bool coding_is_chunked = false;
    bool expects_continue = false;
    bool expects_other = false;

private:
    void on_request_impl(Verb method, BeastText, BeastText sent_target, int sent_version, BeastError&) override {
        verb = method;
        target = view(sent_target);
        version = sent_version;
    }

    void on_field_impl(beast::field field, BeastText name, BeastText value, BeastError&) override {
        if (header_done_) return;  // a trailer: it came after the decisions that it could change
        if (headers_ < request_.headers.size()) {
            request_.headers[headers_].first.assign(name.data(), name.size());
            request_.headers[headers_].second.assign(value.data(), value.size());
        } else {
            request_.headers.emplace_back(view(name), view(value));
        }
        ++headers_;
        switch (field) {
            case beast::field::host: ++counts.host; break;
            case beast::field::content_type: ++counts.content_type; break;
            case beast::field::authorization: ++counts.authorization; break;
            case beast::field::content_length:
                ++counts.content_length;
                length_is_list = length_is_list || value.find(',') != BeastText::npos;
                break;
            case beast::field::transfer_encoding:
                ++counts.transfer_encoding;
                coding_is_chunked = equal_ignoring_case(view(value), "chunked");
                break;
            case beast::field::expect:
                (equal_ignoring_case(view(value), "100-continue") ? expects_continue : expects_other) = true;
                break;
            default: break;
        }
    }

    void on_header_impl(BeastError&) override {
        header_done_ = true;
        drop_stale_headers();
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>& content_length, BeastError&) override {
        // Only what one packet brings: memory is for bytes that came, not for bytes that were announced.
        constexpr std::uint64_t one_packet = 2048;
        request_.body.reserve(static_cast<std::size_t>(std::min(content_length.value_or(0), one_packet)));
    }
    std::size_t on_body_impl(BeastText body, BeastError&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_chunk_header_impl(std::uint64_t, BeastText extension, BeastError& error) override {
        // Beast lets a bare line feed pass within quotes, where a proxy in front may see the end of the line.
        const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == '\x7f'; };
        if (std::ranges::any_of(extension, is_control)) error = boost::beast::http::error::bad_chunk_extension;
    }
    std::size_t on_chunk_body_impl(std::uint64_t, BeastText body, BeastError&) override {
        request_.body.append(body.data(), body.size());
        return body.size();
    }
    void on_finish_impl(BeastError&) override {}
    void on_response_impl(int, BeastText, int, BeastError&) override {}

    Request& request_;
    std::size_t headers_ = 0;
    bool header_done_ = false;
};

bool is_target_character(char c) {
    return c > ' ' && c < '\x7f' && c != '#';
}

bool is_host_character(char c) {
    return is_target_character(c) && std::string_view("/?@\\\"<>^`{|}").find(c) == std::string_view::npos;
}

// How many bytes at the beginning of `bytes` are surely header text, in steps of eight: a token makes a long line.
// A byte below ' ' sets its highest bit in the difference, 0x7f is zero in the exclusive or; what may be either, and a
// byte beside one, is left to the caller.
std::size_t count_text(std::string_view bytes) {
    constexpr std::uint64_t each = 0x0101'0101'0101'0101U;
    std::size_t count = 0;
    while (bytes.size() - count >= sizeof(std::uint64_t)) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + count, sizeof word);
        const std::uint64_t deletes = word ^ (each * 0x7f);
        const std::uint64_t found = ((word - each * ' ') & ~word) | ((deletes - each) & ~deletes);
        if ((found & (each * 0x80)) != 0) break;
        count += sizeof word;
    }
    return count;
}

// "http://host/path" -> "/path"; nothing when it is not of that form.
std::optional<std::string_view> without_authority(std::string_view target) {
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        const std::string_view rest = target.substr(scheme.size());
        return rest.substr(std::min(rest.find_first_of("/?"), rest.size()));
    }
    return std::nullopt;
}

}  // namespace

// Beast's parser reads one message and cannot be used again, so it lives in place and is made anew for each request.
class RequestReader::Parser {
public:
    std::optional<Grammar> grammar;
};

RequestReader::RequestReader(const RequestLimits& limits) : limits_(limits), parser_(std::make_unique<Parser>()) {}
RequestReader::~RequestReader() = default;

void RequestReader::restart(Request& request) {
    request_ = &request;
    request.body.clear();
    parser_->grammar.emplace(request, limits_);
    consumed_ = scanned_ = line_start_ = header_start_ = header_end_ = lines_ = body_wire_bytes_ = 0;
}

bool RequestReader::has_body() const {
    return !parser_->grammar->is_done();
}
bool RequestReader::expects_continue() const {
    return parser_->grammar->expects_continue && !is_http_1_0();
}
bool RequestReader::keep_alive() const {
    return parser_->grammar->keep_alive();
}
bool RequestReader::is_http_1_0() const {
    return parser_->grammar->version == 10;
}

RequestReader::Progress RequestReader::refuse(int status, std::string_view code, std::string message) {
    refusal_ = {status, code, std::move(message)};
    parser_->grammar->drop_stale_headers();
    request_->method = to_method(parser_->grammar->verb).value_or(Method::get);
    return Progress::refused;
}

RequestReader::Progress RequestReader::read_header(std::string_view bytes) {
    consumed_ = 0;
    const Progress scanned = scan_header(bytes);
    if (scanned == Progress::refused) return scanned;
    if (scanned_ > limits_.header_bytes) {
        return refuse(431, "headers_too_large",
                      "The header is longer than " + std::to_string(limits_.header_bytes) + " bytes");
    }
    constexpr std::size_t method_and_version = 32;
    if (lines_ == 0 && scanned_ - line_start_ > limits_.target_bytes + method_and_version) {
        return refuse(414, "target_too_long",
                      "The request target is longer than " + std::to_string(limits_.target_bytes) + " bytes");
    }
    if (scanned == Progress::need_more) return scanned;
    consumed_ = header_end_;
    return parse_header(bytes.substr(header_start_, header_end_ - header_start_));
}

RequestReader::Progress RequestReader::scan_header(std::string_view bytes) {
    while (scanned_ < bytes.size()) {
        const auto c = static_cast<unsigned char>(bytes[scanned_]);
        const bool text = (c >= ' ' && c != 0x7f) || c == '\t';
        if (text) {
            if (scanned_ == line_start_ && lines_ > 0 && (c == ' ' || c == '\t')) {
                return refuse(400, "malformed_request", "A header line is folded or begins with white space");
            }
            ++scanned_;
            scanned_ += count_text(bytes.substr(scanned_));
            continue;
        }
        if (c != '\r') {
            return refuse(400, "malformed_request",
                          c == '\n' ? "A line ends without CR" : "There is a control character in the header");
        }
        if (scanned_ + 1 == bytes.size()) break;
        if (bytes[scanned_ + 1] != '\n') return refuse(400, "malformed_request", "There is a CR without LF");
        const Progress ended = end_line(scanned_ + 2);
        if (ended != Progress::need_more) return ended;
    }
    return Progress::need_more;
}

RequestReader::Progress RequestReader::end_line(std::size_t next_line) {
    const bool empty = scanned_ == line_start_;
    scanned_ = line_start_ = next_line;
    if (empty && lines_ > 0) {
        header_end_ = next_line;
        return Progress::done;
    }
    if (empty) {
        header_start_ = next_line;  // RFC 9112 section 2.2: an empty line before a request is ignored
        return Progress::need_more;
    }
    ++lines_;
    if (lines_ > limits_.header_lines + 1) {
        return refuse(431, "headers_too_large",
                      "There are more than " + std::to_string(limits_.header_lines) + " header lines");
    }
    return Progress::need_more;
}

RequestReader::Progress RequestReader::parse_header(std::string_view header) {
    BeastError error;
    parser_->grammar->put(boost::asio::const_buffer(header.data(), header.size()), error);
    if (!error) return check_header();
    if (error == beast::error::body_limit) {
        return refuse(413, "body_too_large",
                      "The body is longer than " + std::to_string(limits_.body_bytes) + " bytes");
    }
    if (error == beast::error::bad_version) {
        return refuse(505, "unsupported_version", "Only HTTP/1.0 and HTTP/1.1 are spoken here");
    }
    if (error == beast::error::bad_content_length || error == beast::error::multiple_content_length ||
        error == beast::error::bad_transfer_encoding) {
        return refuse(400, "malformed_request", "The length of the body is given twice, or not as a number");
    }
    return refuse(400, "malformed_request", "The request is not valid HTTP: " + error.message());
}

RequestReader::Progress RequestReader::check_header() {
    const Grammar& grammar = *parser_->grammar;
    const std::pair<unsigned, std::string_view> singles[] = {{grammar.counts.host, "Host"},
                                                             {grammar.counts.content_length, "Content-Length"},
                                                             {grammar.counts.content_type, "Content-Type"},
                                                             {grammar.counts.authorization, "Authorization"},
                                                             {grammar.counts.transfer_encoding, "Transfer-Encoding"}};
    for (const auto& [count, field] : singles) {
        if (count > 1) {
            return refuse(400, "duplicate_header", "There is more than one " + std::string(field) + " header");
        }
    }
    if (grammar.length_is_list) return refuse(400, "malformed_request", "Content-Length is a list");
    if (grammar.counts.transfer_encoding > 0 && (grammar.version == 10 || grammar.counts.content_length > 0)) {
        return refuse(400, "malformed_request",
                      "Transfer-Encoding is neither allowed in HTTP/1.0 nor beside Content-Length");
    }
    if (grammar.counts.transfer_encoding > 0 && !grammar.coding_is_chunked) {
        return refuse(501, "unsupported_transfer_encoding", "The only transfer coding understood here is chunked");
    }
    if (grammar.version == 11 && grammar.counts.host == 0) {
        return refuse(400, "missing_host", "The Host header is missing");
    }
    const std::string_view host = request_->header("Host").value_or("");
    if (!std::all_of(host.begin(), host.end(), is_host_character)) {
        return refuse(400, "malformed_request", "The Host header is not a host");
    }
    if (grammar.expects_other) {
        return refuse(417, "expectation_failed", "The only expectation understood here is 100-continue");
    }
    const auto method = to_method(grammar.verb);
    if (!method) return refuse(501, "method_not_implemented", "The request's method is not implemented here");
    request_->method = *method;
    return split_target(grammar.target);
}

RequestReader::Progress RequestReader::split_target(std::string_view target) {
    if (target.size() > limits_.target_bytes) {
        return refuse(414, "target_too_long",
                      "The request target is longer than " + std::to_string(limits_.target_bytes) + " bytes");
    }
    const bool asterisk = target == "*" && request_->method == Method::options;
    std::string_view origin_form = target;
    if (const auto rest = without_authority(target)) origin_form = *rest;
    const std::string_view path = origin_form.substr(0, origin_form.find('?'));
    const bool root = path.empty() && origin_form.size() != target.size();  // "http://host" and "http://host?query"
    if (!std::all_of(target.begin(), target.end(), is_target_character) ||
        (!asterisk && !root && (path.empty() || path.front() != '/'))) {
        return refuse(400, "malformed_request", "The request target is not a path");
    }
    request_->path = root ? std::string_view("/") : path;
    request_->query = origin_form.substr(std::min(path.size() + 1, origin_form.size()));
    return Progress::done;
}

RequestReader::Progress RequestReader::read_body(std::string_view bytes) {
    BeastError error;
    Grammar& grammar = *parser_->grammar;
    consumed_ = 0;
    // What is missing of a chunked body is never shorter, and Beast asserts that a last chunk comes with as much.
    constexpr std::size_t shortest_end = std::string_view("0\r\n\r\n").size();
    if (grammar.chunked() && bytes.size() < shortest_end) return Progress::need_more;
    grammar.eager(true);
    consumed_ = grammar.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
    body_wire_bytes_ += consumed_;
    if (error == beast::error::body_limit || body_wire_bytes_ > 2 * limits_.body_bytes + limits_.header_bytes) {
        return refuse(413, "body_too_large",
                      "The body is longer than " + std::to_string(limits_.body_bytes) + " bytes");
    }
    if (error && error != beast::error::need_more) {
        return refuse(400, "malformed_request", "The body is not valid HTTP: " + error.message());
    }
    if (grammar.is_done()) return Progress::done;
    if (consumed_ == 0 && bytes.size() >= limits_.header_bytes) {
        return refuse(400, "malformed_request", "The line before a chunk of the body is too long");
    }
    return Progress::need_more;
}

}  // namespace postern::http

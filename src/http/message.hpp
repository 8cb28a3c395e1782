// A request and its answer, free of any HTTP library.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::http {

class ResponseStream;

// `other` is any method that no route can have; it is named OTHER, so that a stranger cannot choose a metric's label.
enum class Method { get, head, post, put, patch, delete_, options, other };
inline constexpr std::size_t method_count = 8;
std::string_view name(Method method);  // "GET", …

struct Request {
    Method method = Method::get;
    std::string path;                                          // as sent, without the query; not decoded
    std::string query;                                         // after the '?', not decoded
    std::vector<std::pair<std::string, std::string>> headers;  // names as sent
    std::string body;
    std::string client_address;  // of the peer, or what a trusted proxy says of it
    std::string request_id;
    std::vector<std::pair<std::string, std::string>> path_parameters;  // filled by the router: {id} -> its segment

    // The value of the first header of that name (ASCII case ignored); nothing if absent.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
    [[nodiscard]] std::size_t count_header(std::string_view name) const;
};

struct Response {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    // Further header lines, each with its CRLF, made and checked before and shared by many answers.
    std::shared_ptr<const std::string> prepared_lines = nullptr;
    std::string content_type;  // empty: no body, no Content-Type
    std::string body;
    // In place of `body`: what comes after the header, for as long as it goes on; see response_stream.hpp. The
    // connection closes after it.
    std::shared_ptr<ResponseStream> stream = nullptr;

    // The value of the first header of that name (ASCII case ignored); nothing if absent.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
    Response& with(std::string name, std::string value) {
        headers.emplace_back(std::move(name), std::move(value));
        return *this;
    }
};

// {"error": message, "code": code} as application/json. What the server itself answers (404, 405, 413, …) and what the
// api room answers look the same because both use this.
Response error_response(int status, std::string_view code, std::string_view message);

}  // namespace postern::http

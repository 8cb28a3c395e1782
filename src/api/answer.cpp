#include "api/answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <span>

#include "base/ascii.hpp"
#include "base/digest.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"

namespace postern::api {
namespace {

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid_input: return 400;
        case ErrorKind::unauthenticated: return 401;
        case ErrorKind::forbidden: return 403;
        case ErrorKind::not_found: return 404;
        case ErrorKind::conflict: return 409;
        case ErrorKind::throttled: return 429;
        case ErrorKind::not_current:
        case ErrorKind::overloaded:
        case ErrorKind::unavailable: return 503;
        case ErrorKind::internal: return 500;
    }
    return 500;
}

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& codes, std::string_view code) {
    return std::ranges::find(codes, code) != codes.end();
}

// The error word of RFC 6750 section 3.1; empty where there is no token to speak of.
std::string_view token_error(const Error& error) {
    constexpr std::array<std::string_view, 4> without_token = {"missing_authorization", "unsupported_authorization",
                                                               "invalid_credentials", "account_not_activated"};
    constexpr std::array<std::string_view, 4> too_little = {"admin_required", "account_required", "insufficient_scope",
                                                            "role_required"};
    if (error.kind == ErrorKind::unauthenticated) return is_one_of(without_token, error.code) ? "" : "invalid_token";
    if (error.kind == ErrorKind::forbidden) return is_one_of(too_little, error.code) ? "insufficient_scope" : "";
    return error.code == "repeated_authorization" ? "invalid_request" : "";
}

// Nothing where no credentials would help.
std::optional<std::string> challenge_for(const Error& error) {
    if (error.code == "invalid_client") return R"(Basic realm="clients")";  // RFC 6749 section 5.2
    const std::string_view word = token_error(error);
    if (!word.empty()) {
        return "Bearer error=\"" + std::string(word) + "\", error_description=\"" + quotable(error.message) + '"';
    }
    return error.kind == ErrorKind::unauthenticated ? std::optional<std::string>("Bearer") : std::nullopt;
}

void log_trouble(const Error& error, const http::Request& request) {
    std::optional<log::Level> level;
    if (error.kind == ErrorKind::internal) level = log::Level::error;
    if (error.kind == ErrorKind::unavailable || error.kind == ErrorKind::not_current) level = log::Level::warning;
    if (!level.has_value()) return;
    log::write(*level, "request_failed", {{"id", request.request_id}, {"code", error.code}, {"detail", error.message}});
}

// Whether If-None-Match names `tag`. The comparison is weak, and our tags hold no comma.
bool names_tag(std::string_view if_none_match, std::string_view tag) {
    while (!if_none_match.empty()) {
        std::string_view candidate = take_list_member(if_none_match);
        if (candidate.starts_with("W/")) candidate.remove_prefix(2);
        if (candidate == tag || candidate == "*") return true;
    }
    return false;
}

}  // namespace

std::string public_message(const Error& error, const http::Request& request) {
    switch (error.kind) {
        case ErrorKind::internal: return "Internal error; see the log under request id " + request.request_id;
        // What the operator has not set up, and will be missing in a moment too.
        case ErrorKind::unavailable:
            if (error.code == "mail_unavailable") return error.message;
            [[fallthrough]];
        case ErrorKind::not_current: return "The service is unavailable for a moment; try again";
        default: return error.message;
    }
}

std::string quotable(std::string_view text) {
    std::string quoted = printable_ascii(text, text.size());
    std::ranges::replace_if(
        quoted, [](char c) { return c == '"' || c == '\\'; }, '\'');
    return quoted;
}

http::Response answer_json(std::string body) {
    http::Response response{.headers = {}, .content_type = "application/json", .body = std::move(body)};
    response.with("Cache-Control", "no-store");
    return response;
}

http::Response answer_public_json(const http::Request& request, const std::string& body, Milliseconds max_age) {
    const Digest fingerprint = digest(body);
    const std::string tag = '"' + encode_hex(std::span(fingerprint).first<16>()) + '"';
    http::Response response;
    if (has_current(request, tag)) {
        response.status = 304;
    } else {
        response.content_type = "application/json";
        response.body = body;
    }
    response.with("ETag", tag)
        .with("Cache-Control",
              "public, max-age=" + std::to_string(std::chrono::duration_cast<Seconds>(max_age).count()));
    return response;
}

bool has_current(const http::Request& request, std::string_view tag) {
    const auto known = request.header("If-None-Match");
    return known.has_value() && names_tag(*known, tag);
}

http::Response answer_error(const Error& error, const http::Request& request) {
    log_trouble(error, request);
    const int status = status_of(error.kind);
    auto response = http::error_response(status, error.code, public_message(error, request));
    response.with("Cache-Control", "no-store");
    if (auto challenge = challenge_for(error)) response.with("WWW-Authenticate", std::move(*challenge));
    if (status == 503 || status == 429) {
        const auto wait = error.retry_after.value_or(std::chrono::seconds(1));
        response.with("Retry-After", std::to_string(wait.count()));
    }
    return response;
}

}  // namespace postern::api

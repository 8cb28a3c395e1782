#include "http/message.hpp"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/ascii.hpp"

namespace postern::http {
namespace {

std::optional<std::string_view> find_header(const std::vector<std::pair<std::string, std::string>>& headers,
                                            std::string_view wanted) {
    for (const auto& [field, value] : headers) {
        if (equal_ignoring_case(field, wanted)) return value;
    }
    return std::nullopt;
}

}  // namespace

std::string_view name(Method method) {
    constexpr std::array<std::string_view, method_count> names = {"GET",   "HEAD",   "POST",    "PUT",
                                                                  "PATCH", "DELETE", "OPTIONS", "OTHER"};
    return names.at(static_cast<std::size_t>(method));
}

std::optional<std::string_view> Request::header(std::string_view wanted) const {
    return find_header(headers, wanted);
}

std::optional<std::string_view> Response::header(std::string_view wanted) const {
    return find_header(headers, wanted);
}

std::size_t Request::count_header(std::string_view wanted) const {
    return static_cast<std::size_t>(std::count_if(headers.begin(), headers.end(), [wanted](const auto& field) {
        return equal_ignoring_case(field.first, wanted);
    }));
}

Response error_response(int status, std::string_view code, std::string_view message) {
    boost::json::object body;
    body.emplace("error", boost::json::string_view(message.data(), message.size()));
    body.emplace("code", boost::json::string_view(code.data(), code.size()));
    return {.status = status, .content_type = "application/json", .body = boost::json::serialize(body)};
}

}  // namespace postern::http

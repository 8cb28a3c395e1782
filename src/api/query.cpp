#include "api/query.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace postern::api {
namespace {

// A UUID in base64url: 21 characters of six bits, and one that holds the last two.
constexpr std::string_view cursor_pattern = "^[A-Za-z0-9_-]{21}[AQgw]$";

Error invalid_encoding() {
    return invalid_input("invalid_query", "The query string holds a % that is not followed by two hexadecimal digits");
}

Result<std::string> decode(std::string_view text) {
    auto decoded = decode_form(text);
    if (!decoded.has_value()) return invalid_encoding();
    return std::move(*decoded);
}

}  // namespace

Result<std::map<std::string, std::string, std::less<>>> split_query(std::string_view query) {
    std::map<std::string, std::string, std::less<>> parameters;
    while (!query.empty()) {
        const auto end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        std::string name = TRY(decode(pair.substr(0, equals)));
        std::string value = TRY(decode(pair.substr(std::min(equals + 1, pair.size()))));
        const auto [place, inserted] = parameters.emplace(std::move(name), std::move(value));
        if (!inserted) {
            return invalid_input("repeated_parameter",
                                 "Query parameter " + quote_for_message(place->first) + ": stands twice");
        }
    }
    return parameters;
}

boost::json::object FieldType<PageLimit>::schema() {
    return {{"type", "integer"}, {"minimum", 1}, {"maximum", limits::page_entries_most}};
}

std::optional<PageLimit> FieldType<PageLimit>::read(const boost::json::value& value) {
    if (!value.is_int64()) return std::nullopt;
    const std::int64_t number = value.get_int64();
    if (number < 1 || number > static_cast<std::int64_t>(limits::page_entries_most)) return std::nullopt;
    return PageLimit{static_cast<std::size_t>(number)};
}

boost::json::object FieldType<Cursor>::schema() {
    return {{"type", "string"}, {"pattern", cursor_pattern}};
}

boost::json::value FieldType<Cursor>::write(const Cursor& cursor) {
    return boost::json::string(encode_base64url(cursor.last));
}

std::optional<Cursor> FieldType<Cursor>::read(const boost::json::value& value) {
    if (!value.is_string()) return std::nullopt;
    const auto bytes = decode_base64url(value.get_string());
    Cursor cursor;
    if (!bytes || bytes->size() != cursor.last.size()) return std::nullopt;
    std::ranges::copy(*bytes, cursor.last.begin());
    return cursor;
}

}  // namespace postern::api

// What stands in a request's target: the query string and the parameters of the path.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/field_type.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace postern::api {

// "a=1&b=x%20y+z" -> {a: "1", b: "x y z"} (the form encoding of the URL standard). The values are bytes: nothing says
// that they are text. Errors: invalid_input "invalid_query" for a percent sign without two hexadecimal digits,
// "repeated_parameter" for a name that stands twice.
Result<std::map<std::string, std::string, std::less<>>> split_query(std::string_view query);

// How many entries of a list to answer with.
struct PageLimit {
    std::size_t entries = limits::page_entries;
};

// Where a page of a list ends, as the answer tells it and the next request repeats it: the last entry's id. Opaque to
// clients: 22 characters of base64url.
struct Cursor {
    UuidBytes last{};

    template <typename Tag>
    [[nodiscard]] static std::optional<Id<Tag>> id_of(const std::optional<Cursor>& cursor) {
        return cursor ? std::optional(Id<Tag>{cursor->last}) : std::nullopt;
    }
};

// Of records in order, read up to one more than `wanted`: leaves those that are, and says where the page ends when
// there are more.
template <typename Record>
std::optional<Cursor> cut_page(std::vector<Record>& records, std::size_t wanted) {
    if (records.size() <= wanted) return std::nullopt;
    records.erase(records.begin() + static_cast<std::ptrdiff_t>(wanted), records.end());
    return Cursor{records.back().id.bytes};
}

template <>
struct FieldType<PageLimit> {
    static constexpr std::string_view expectation = "a whole number from 1 to 200";
    static_assert(limits::page_entries_most == 200);
    static boost::json::object schema();
    static boost::json::value write(PageLimit limit) { return static_cast<std::int64_t>(limit.entries); }
    static std::optional<PageLimit> read(const boost::json::value& value);
};

template <>
struct FieldType<Cursor> {
    static constexpr std::string_view expectation = "the next_cursor of an answer";
    static boost::json::object schema();
    static boost::json::value write(const Cursor& cursor);
    static std::optional<Cursor> read(const boost::json::value& value);
};

// The path parameter {id}. What is no id names nothing, like an id that is unknown: nothing.
template <typename AnyId>
std::optional<AnyId> path_id(const http::Request& request) {
    for (const auto& [name, segment] : request.path_parameters) {
        if (name == "id") return AnyId::parse(segment);
    }
    return std::nullopt;
}

// The same where an answer needs one. Errors: not_found `code`; `thing` is what the id would be of, such as "account".
template <typename AnyId>
Result<AnyId> get_path_id(const http::Request& request, std::string code, const std::string& thing) {
    const auto id = path_id<AnyId>(request);
    if (!id) return not_found(std::move(code), "What stands in the path is the id of no " + thing);
    return *id;
}

}  // namespace postern::api

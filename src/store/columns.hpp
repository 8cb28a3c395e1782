// How the records' members become values of the driver port, and back.
#pragma once

#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "core/scopes.hpp"
#include "store/driver.hpp"

namespace postern::store {

template <typename Tag>
Value to_value(const Id<Tag>& id) {
    return Blob(id.bytes.begin(), id.bytes.end());
}
inline Value to_value(std::int64_t number) {
    return number;
}
inline Value to_value(bool flag) {
    return std::int64_t{flag ? 1 : 0};
}
inline Value to_value(Timestamp time) {
    return to_milliseconds(time);
}
inline Value to_value(Milliseconds duration) {
    return std::int64_t{duration.count()};
}
inline Value to_value(std::string_view text) {
    return std::string(text);
}
inline Value to_value(const std::string& text) {
    return text;
}
inline Value to_value(const char* text) {
    return std::string(text);
}
inline Value to_value(const Blob& bytes) {
    return bytes;
}
template <typename T>
Value to_value(const std::optional<T>& optional) {
    return optional ? to_value(*optional) : Value(Null{});
}
// NULL for an empty one: of a column that may lack its bytes.
inline Value bytes_or_null(const Blob& bytes) {
    return bytes.empty() ? Value(Null{}) : Value(bytes);
}
inline Value to_value(Value value) {
    return value;
}

// The parameters of a statement: $1, $2, … in this order.
template <typename... Members>
std::array<Value, sizeof...(Members)> values(const Members&... members) {
    return {to_value(members)...};
}

// The most rows a statement gives.
inline std::int64_t at_most(std::size_t rows) {
    return static_cast<std::int64_t>(rows);
}

// The lowest and the highest id there can be: what a list without an `after` or a `before` begins at.
template <typename IdType>
IdType lowest_id() {
    return {};
}
template <typename IdType>
IdType highest_id() {
    IdType id;
    id.bytes.fill(0xff);
    return id;
}

// Takes one row apart, from left to right. A column of another type than the one asked for is a bug, and throws.
class Columns {
public:
    explicit Columns(Row& row) : row_(row) {}

    std::int64_t integer() { return std::get<std::int64_t>(next()); }
    bool flag() { return integer() != 0; }
    std::string text() { return std::move(std::get<std::string>(next())); }
    Blob bytes() { return std::move(std::get<Blob>(next())); }
    Timestamp time() { return from_milliseconds(integer()); }
    Milliseconds duration() { return Milliseconds(integer()); }
    template <typename IdType>
    IdType id() {
        return as_id<IdType>(std::get<Blob>(next()));
    }
    // Words in one column, as core::join_words() put them there: nothing looks rows up by one of them.
    std::vector<std::string> words() { return core::split_words(std::get<std::string>(next())); }
    // An empty text for NULL.
    std::string text_or_empty() {
        auto& value = next();
        return is_null(value) ? std::string() : std::move(std::get<std::string>(value));
    }
    // Empty for NULL.
    Blob bytes_or_empty() {
        auto& value = next();
        return is_null(value) ? Blob() : std::move(std::get<Blob>(value));
    }
    std::optional<std::int64_t> optional_integer() {
        auto& value = next();
        if (is_null(value)) return std::nullopt;
        return std::get<std::int64_t>(value);
    }
    std::optional<Timestamp> optional_time() {
        auto& value = next();
        if (is_null(value)) return std::nullopt;
        return from_milliseconds(std::get<std::int64_t>(value));
    }
    template <typename IdType>
    std::optional<IdType> optional_id() {
        auto& value = next();
        if (is_null(value)) return std::nullopt;
        return as_id<IdType>(std::get<Blob>(value));
    }

private:
    static bool is_null(const Value& value) { return std::holds_alternative<Null>(value); }
    template <typename IdType>
    static IdType as_id(const Blob& bytes) {
        IdType id;
        if (bytes.size() != id.bytes.size()) throw std::runtime_error("an id in the database is not 16 bytes long");
        std::memcpy(id.bytes.data(), bytes.data(), id.bytes.size());
        return id;
    }
    Value& next() { return row_.at(position_++); }

    Row& row_;
    std::size_t position_ = 0;
};

// Each row of `outcome` as `read` makes a record of it.
template <typename Read>
auto records_from(Outcome& outcome, Read read) {
    std::vector<std::invoke_result_t<Read, Row&>> records;
    records.reserve(outcome.rows.size());
    for (auto& row : outcome.rows) records.push_back(read(row));
    return records;
}
template <typename Read>
auto first_record(Outcome& outcome, Read read) {
    std::optional<std::invoke_result_t<Read, Row&>> record;
    if (!outcome.rows.empty()) record = read(outcome.rows.front());
    return record;
}

}  // namespace postern::store

// How the records' members become values of the driver port, and back.
#pragma once

#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/id.hpp"
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

// The parameters of a statement: $1, $2, … in this order.
template <typename... Members>
std::array<Value, sizeof...(Members)> values(const Members&... members) {
    return {to_value(members)...};
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
    // An empty text for NULL.
    std::string text_or_empty() {
        auto& value = next();
        return is_null(value) ? std::string() : std::move(std::get<std::string>(value));
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

}  // namespace postern::store

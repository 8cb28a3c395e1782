// How each C++ type that a message may hold is read from JSON, written to it, and described in a schema.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/secret.hpp"
#include "core/records.hpp"

namespace postern::api {

// RFC 3339 in UTC with milliseconds: 2026-03-01T12:00:00.000Z.
std::string format_rfc3339(Timestamp time);

// For each type: `expectation` completes "must be …"; read() gives nothing for a value of another JSON type.
// A type that only answers hold has no read().
template <typename T>
struct FieldType;

template <>
struct FieldType<std::string> {
    static constexpr std::string_view expectation = "a string";
    static boost::json::object schema() { return {{"type", "string"}}; }
    static boost::json::value write(const std::string& text) { return boost::json::string(text); }
    static std::optional<std::string> read(const boost::json::value& value) {
        if (!value.is_string()) return std::nullopt;
        return std::string(value.get_string());
    }
};

template <>
struct FieldType<SecretString> {
    static constexpr std::string_view expectation = "a string";
    static boost::json::object schema() { return {{"type", "string"}}; }
    static boost::json::value write(const SecretString& secret) { return boost::json::string(secret.reveal()); }
    static std::optional<SecretString> read(const boost::json::value& value) {
        if (!value.is_string()) return std::nullopt;
        return SecretString(value.get_string());
    }
};

template <>
struct FieldType<bool> {
    static constexpr std::string_view expectation = "true or false";
    static boost::json::object schema() { return {{"type", "boolean"}}; }
    static boost::json::value write(bool flag) { return flag; }
    static std::optional<bool> read(const boost::json::value& value) {
        if (!value.is_bool()) return std::nullopt;
        return value.get_bool();
    }
};

template <>
struct FieldType<std::int64_t> {
    static constexpr std::string_view expectation = "an integer";
    static boost::json::object schema() { return {{"type", "integer"}}; }
    static boost::json::value write(std::int64_t number) { return number; }
    static std::optional<std::int64_t> read(const boost::json::value& value) {
        if (!value.is_int64()) return std::nullopt;
        return value.get_int64();
    }
};

template <>
struct FieldType<Timestamp> {
    static boost::json::object schema() { return {{"type", "string"}, {"format", "date-time"}}; }
    static boost::json::value write(Timestamp time) { return boost::json::string(format_rfc3339(time)); }
};

template <typename Tag>
struct FieldType<Id<Tag>> {
    static boost::json::object schema() { return {{"type", "string"}, {"format", "uuid"}}; }
    static boost::json::value write(const Id<Tag>& id) { return boost::json::string(id.text()); }
};

template <>
struct FieldType<core::AccountKind> {
    static boost::json::object schema() {
        using core::AccountKind;
        return {{"type", "string"}, {"enum", {word(AccountKind::demo), word(AccountKind::standard)}}};
    }
    static boost::json::value write(core::AccountKind kind) { return boost::json::string(word(kind)); }
};

}  // namespace postern::api

// How each C++ type that a message may hold is read from JSON, written to it, and described in a schema.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/id.hpp"
#include "base/secret.hpp"
#include "base/time_text.hpp"
#include "core/records.hpp"

namespace postern::api {

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
    static boost::json::value write(Timestamp time) { return boost::json::string(write_time(time)); }
};

template <typename Tag>
struct FieldType<Id<Tag>> {
    static constexpr std::string_view expectation = "an id";
    static boost::json::object schema() { return {{"type", "string"}, {"format", "uuid"}}; }
    static boost::json::value write(const Id<Tag>& id) { return boost::json::string(id.text()); }
    static std::optional<Id<Tag>> read(const boost::json::value& value) {
        if (!value.is_string()) return std::nullopt;
        return Id<Tag>::parse(value.get_string());
    }
};

// For the enums that are words in JSON.
template <typename Enum, Enum... values>
struct WordType {
    static boost::json::object schema() { return {{"type", "string"}, {"enum", {word(values)...}}}; }
    static boost::json::value write(Enum value) { return boost::json::string(word(value)); }
    static std::optional<Enum> read(const boost::json::value& value) {
        for (const Enum candidate : {values...}) {
            if (value.is_string() && word(candidate) == value.get_string()) return candidate;
        }
        return std::nullopt;
    }
};

template <>
struct FieldType<core::AccountKind>
    : WordType<core::AccountKind, core::AccountKind::demo, core::AccountKind::standard> {
    static constexpr std::string_view expectation = "demo or standard";
};

// Any list can be answered; only what has a full specialisation is read.
template <typename T>
struct FieldType<std::vector<T>> {
    static boost::json::object schema() { return {{"type", "array"}, {"items", FieldType<T>::schema()}}; }
    static boost::json::value write(const std::vector<T>& list) {
        boost::json::array array;
        for (const T& element : list) array.push_back(FieldType<T>::write(element));
        return array;
    }
};

template <>
struct FieldType<std::vector<std::string>> {
    static constexpr std::string_view expectation = "an array of strings";
    static boost::json::object schema() { return {{"type", "array"}, {"items", FieldType<std::string>::schema()}}; }
    static boost::json::value write(const std::vector<std::string>& list) {
        return boost::json::array(list.begin(), list.end());
    }
    static std::optional<std::vector<std::string>> read(const boost::json::value& value) {
        if (!value.is_array()) return std::nullopt;
        std::vector<std::string> list;
        for (const boost::json::value& element : value.get_array()) {
            if (!element.is_string()) return std::nullopt;
            list.emplace_back(element.get_string());
        }
        return list;
    }
};

}  // namespace postern::api

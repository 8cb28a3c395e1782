// The bodies of schema.hpp's functions. Included only where they are instantiated: messages.cpp and the test.
#pragma once

#include <boost/describe/members.hpp>
#include <boost/json/serialize.hpp>
#include <boost/mp11/algorithm.hpp>
#include <charconv>
#include <optional>
#include <type_traits>

#include "api/field_type.hpp"
#include "api/form.hpp"
#include "api/query.hpp"
#include "api/schema.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

namespace postern::api {
namespace detail {

template <typename T>
inline constexpr bool is_optional = false;
template <typename T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <typename T>
struct Inner {
    using type = T;
};
template <typename T>
struct Inner<std::optional<T>> {
    using type = T;
};

template <typename Message>
using Members = boost::describe::describe_members<Message, boost::describe::mod_public>;

template <typename Message>
constexpr bool notes_match_members() {
    std::size_t index = 0;
    bool match = Message::notes.size() == boost::mp11::mp_size<Members<Message>>::value;
    boost::mp11::mp_for_each<Members<Message>>([&](auto member) {
        match = match && index < Message::notes.size() && Message::notes[index].field == member.name;
        ++index;
    });
    return match;
}

// Calls visit(member, note) for each member in order.
template <typename Message, typename Visit>
void for_each_field(Visit visit) {
    static_assert(notes_match_members<Message>(), "each member needs its note, in the same order");
    std::size_t index = 0;
    boost::mp11::mp_for_each<Members<Message>>([&](auto member) { visit(member, Message::notes[index++]); });
}

inline Error field_error(std::string_view code, std::string_view field, std::string_view wrong) {
    return invalid_input(std::string(code), "Field " + quote_for_message(field) + ": " + std::string(wrong));
}

template <typename Message>
Result<void> refuse_unknown_fields(const boost::json::object& object) {
    for (const auto& entry : object) {
        bool known = false;
        for (const Note& note : Message::notes) known = known || note.field == std::string_view(entry.key());
        if (!known) return field_error("unknown_field", entry.key(), "is not known here");
    }
    return {};
}

// Into a member that may be absent, or must be there.
template <typename Member, typename Value>
void put(Member& target, std::optional<Value> value) {
    if constexpr (is_optional<Member>) {
        target = std::move(value);
    } else {
        target = std::move(*value);
    }
}

// Reads one field into `target`; leaves it alone when the field may be absent and is.
template <typename Member>
Result<void> read_field(const boost::json::object& object, const Note& note, Member& target) {
    using Type = FieldType<typename Inner<Member>::type>;
    const auto* value = object.if_contains(note.field);
    if (value == nullptr) {
        if (note.presence == Presence::optional) return {};
        return field_error("missing_field", note.field, "is missing");
    }
    auto read = Type::read(*value);
    if (!read.has_value()) {
        return field_error("invalid_field", note.field, "must be " + std::string(Type::expectation));
    }
    if (value->is_string() && value->get_string().size() < note.minimum_length) {
        return field_error("invalid_field", note.field, "must not be empty");
    }
    put(target, std::move(read));
    return {};
}

// The value that an absent field has; nothing when it has none.
template <typename Member>
std::optional<boost::json::value> default_of(const Note& note, const Member& value) {
    if constexpr (!is_optional<Member>) {
        if (note.presence == Presence::optional) return FieldType<Member>::write(value);
    }
    return std::nullopt;
}

inline Error parameter_error(std::string_view code, std::string_view name, std::string_view wrong) {
    return invalid_input(std::string(code), "Query parameter " + quote_for_message(name) + ": " + std::string(wrong));
}

template <typename Query>
Result<void> refuse_unknown_parameter(std::string_view name) {
    for (const Note& note : Query::notes) {
        if (note.field == name) return {};
    }
    return parameter_error("unknown_parameter", name, "is not known here");
}

// What `text` says as a value of the JSON type that `schema` asks for; the text itself when it is none.
inline boost::json::value value_of_text(const std::string& text, const boost::json::object& schema) {
    const auto& type = schema.at("type");
    if (type == "boolean" && (text == "true" || text == "false")) return text == "true";
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (type == "integer" && error == std::errc() && end == text.data() + text.size()) return number;
    return boost::json::string(text);
}

template <typename Member>
Result<void> read_parameter(const std::string& text, const Note& note, Member& target) {
    using Type = FieldType<typename Inner<Member>::type>;
    auto read = Type::read(value_of_text(text, Type::schema()));
    if (!read.has_value()) {
        return parameter_error("invalid_parameter", note.field, "must be " + std::string(Type::expectation));
    }
    put(target, std::move(read));
    return {};
}

}  // namespace detail

template <typename Message>
Result<Message> parse_message(std::string_view text) {
    auto body = parse_json(text);
    if (!body.has_value() && body.error().code == "duplicate_field") return std::move(body.error());
    if (!body.has_value()) return invalid_input("missing_json_body", "Missing JSON body");
    if (!body->is_object()) return invalid_input("invalid_body", "The JSON body must be an object");
    const auto& object = body->get_object();
    TRY(detail::refuse_unknown_fields<Message>(object));
    Message message;
    std::optional<Error> failure;
    detail::for_each_field<Message>([&](auto member, const Note& note) {
        if (failure.has_value()) return;
        auto read = detail::read_field(object, note, message.*member.pointer);
        if (!read.has_value()) failure = std::move(read.error());
    });
    if (failure.has_value()) return std::move(*failure);
    return message;
}

namespace detail {

template <typename Message>
boost::json::object write_message(const Message& message) {
    boost::json::object object;
    for_each_field<Message>([&](auto member, const Note& note) {
        const auto& value = message.*member.pointer;
        using Member = std::remove_cvref_t<decltype(value)>;
        if constexpr (is_optional<Member>) {
            if (value.has_value()) object.emplace(note.field, FieldType<typename Member::value_type>::write(*value));
        } else {
            object.emplace(note.field, FieldType<Member>::write(value));
        }
    });
    return object;
}

}  // namespace detail

// A message within a message.
template <typename Message>
requires requires {
    Message::notes;
}
struct FieldType<Message> {
    static boost::json::object schema() { return describe_schema<Message>(SchemaUse::response); }
    static boost::json::value write(const Message& message) { return detail::write_message(message); }
};

template <typename Message>
std::string serialise(const Message& message) {
    return boost::json::serialize(detail::write_message(message));
}

template <typename Query>
Result<Query> parse_query(std::string_view text) {
    const auto parameters = TRY(split_query(text));
    for (const auto& [name, value] : parameters) TRY(detail::refuse_unknown_parameter<Query>(name));
    Query query;
    std::optional<Error> failure;
    detail::for_each_field<Query>([&](auto member, const Note& note) {
        const auto given = parameters.find(note.field);
        if (failure.has_value() || given == parameters.end()) return;
        auto read = detail::read_parameter(given->second, note, query.*member.pointer);
        if (!read.has_value()) failure = std::move(read.error());
    });
    if (failure.has_value()) return std::move(*failure);
    return query;
}

template <typename Message>
Result<Message> parse_form(const Form& form) {
    Message message;
    std::optional<Error> failure;
    detail::for_each_field<Message>([&](auto member, const Note& note) {
        auto& target = message.*member.pointer;
        using Text = typename detail::Inner<std::remove_cvref_t<decltype(target)>>::type;
        const auto given = form.find(note.field);
        if (given.has_value()) target = Text(*given);
        if (given.has_value() || note.presence == Presence::optional || failure.has_value()) return;
        failure = invalid_input("invalid_request", "Parameter " + quote_for_message(note.field) + " is missing");
    });
    if (failure.has_value()) return std::move(*failure);
    return message;
}

template <typename Message>
boost::json::object describe_schema(SchemaUse use) {
    boost::json::array required;
    boost::json::object properties;
    const Message blank;
    detail::for_each_field<Message>([&](auto member, const Note& note) {
        const auto& value = blank.*member.pointer;
        using Member = std::remove_cvref_t<decltype(value)>;
        auto property = FieldType<typename detail::Inner<Member>::type>::schema();
        if (!note.format.empty()) property["format"] = note.format;
        if (note.minimum_length > 0) property["minLength"] = note.minimum_length;
        if (auto fallback = detail::default_of(note, value)) property["default"] = std::move(*fallback);
        property["description"] = note.description;
        properties[note.field] = std::move(property);
        if (note.presence == Presence::required) required.emplace_back(note.field);
    });
    boost::json::object schema{{"type", "object"}};
    if (!required.empty()) schema["required"] = std::move(required);
    schema["properties"] = std::move(properties);
    if (use == SchemaUse::request) schema["additionalProperties"] = false;
    return schema;
}

}  // namespace postern::api

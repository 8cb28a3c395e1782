#include "base/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <new>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/secret.hpp"

namespace postern {
namespace {

namespace json = boost::json;

// What is read may hold a password or a token, so whatever the values and the parser's stack occupied is wiped.
// Nothing in a JSON value is aligned more strictly than operator new aligns.
class WipingResource final : public json::memory_resource {
    void* do_allocate(std::size_t size, std::size_t) override { return ::operator new(size); }
    void do_deallocate(void* memory, std::size_t size, std::size_t) override {
        wipe(memory, size);
        ::operator delete(memory);
    }
    bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }
};

json::storage_ptr wiping_storage() {
    static WipingResource resource;
    return &resource;
}

// Boost.JSON keeps the last of two equal keys; this handler builds the same value, and refuses instead.
struct StrictHandler {
    static constexpr std::size_t max_array_size = limits::json_text_bytes;
    static constexpr std::size_t max_object_size = limits::json_text_bytes;
    static constexpr std::size_t max_string_size = limits::json_text_bytes;
    static constexpr std::size_t max_key_size = limits::json_text_bytes;

    json::value_stack stack;
    std::vector<std::unordered_set<std::string>> keys_by_depth;
    std::string key;
    std::optional<std::string> duplicate_key;

    StrictHandler() : stack(wiping_storage()) { stack.reset(wiping_storage()); }

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        keys_by_depth.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t size, json::error_code&) {
        keys_by_depth.pop_back();
        stack.push_object(size);
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t size, json::error_code&) {
        stack.push_array(size);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key.append(part);
        stack.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t, json::error_code& error) {
        key.append(part);
        stack.push_key(part);
        if (!keys_by_depth.back().insert(key).second) {
            duplicate_key = key;
            error = json::error::syntax;
            return false;
        }
        key.clear();
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
        stack.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, json::error_code&) {
        stack.push_string(part);
        return true;
    }
    bool on_number_part(json::string_view, json::error_code&) { return true; }
    bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
        stack.push_int64(number);
        return true;
    }
    bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
        stack.push_uint64(number);
        return true;
    }
    bool on_double(double number, json::string_view, json::error_code& error) {
        if (!std::isfinite(number)) {
            error = json::error::exponent_overflow;
            return false;
        }
        stack.push_double(number);
        return true;
    }
    bool on_bool(bool flag, json::error_code&) {
        stack.push_bool(flag);
        return true;
    }
    bool on_null(json::error_code&) {
        stack.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, json::error_code&) { return true; }
    bool on_comment(json::string_view, json::error_code&) { return true; }
};

}  // namespace

Result<json::value> parse_json(std::string_view text) {
    if (text.size() > limits::json_text_bytes) return invalid_input("invalid_json", "The JSON text is too long");
    json::parse_options options;
    options.max_depth = limits::json_depth;
    json::basic_parser<StrictHandler> parser(options);
    json::error_code error;
    const std::size_t consumed = parser.write_some(false, text.data(), text.size(), error);
    if (const auto& key = parser.handler().duplicate_key) {
        return invalid_input("duplicate_field",
                             "The JSON object names the field " + quote_for_message(*key) + " twice");
    }
    if (error) {
        return invalid_input("invalid_json",
                             "The JSON text is invalid at byte " + std::to_string(consumed) + ": " + error.message());
    }
    if (consumed != text.size()) {
        return invalid_input("invalid_json",
                             "There is more after the JSON value, from byte " + std::to_string(consumed));
    }
    return parser.handler().stack.release();
}

}  // namespace postern

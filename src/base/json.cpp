#include "base/json.hpp"

#include <sodium.h>
#include <algorithm>
#include <boost/container/pmr/string.hpp>
#include <boost/container/pmr/vector.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <new>
#include <optional>
#include <string>

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

// The parser puts the pieces of a string with escapes together in 2 KiB of its stack; the rest is what it calls itself.
constexpr std::size_t parser_stack_bytes = 16 * 1024;

json::storage_ptr wiping_storage() {
    static WipingResource resource;
    return &resource;
}

// Boost.JSON keeps the last of two equal keys; this handler builds the same value, and refuses instead. All its memory
// is of one storage.
class StrictHandler {
public:
    static constexpr std::size_t max_array_size = limits::json_text_bytes;
    static constexpr std::size_t max_object_size = limits::json_text_bytes;
    static constexpr std::size_t max_string_size = limits::json_text_bytes;
    static constexpr std::size_t max_key_size = limits::json_text_bytes;

    explicit StrictHandler(const json::storage_ptr& storage)
        : stack(storage), key_text_(storage.get()), keys_(storage.get()), first_keys_(storage.get()) {
        stack.reset(storage);
    }

    json::value_stack stack;
    std::optional<std::string> duplicate_key;

    bool on_document_begin(json::error_code&) { return true; }
    bool on_document_end(json::error_code&) { return true; }
    bool on_object_begin(json::error_code&) {
        first_keys_.push_back(keys_.size());
        return true;
    }
    bool on_object_end(std::size_t size, json::error_code& error) {
        if (!forget_keys_of_object()) {
            error = json::error::syntax;
            return false;
        }
        stack.push_object(size);
        return true;
    }
    bool on_array_begin(json::error_code&) { return true; }
    bool on_array_end(std::size_t size, json::error_code&) {
        stack.push_array(size);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
        key_text_.append(part.data(), part.size());
        stack.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t size, json::error_code&) {
        key_text_.append(part.data(), part.size());
        stack.push_key(part);
        keys_.push_back({key_text_.size() - size, size});
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

private:
    struct Key {
        std::size_t begin;  // in key_text_
        std::size_t size;
    };
    [[nodiscard]] std::string_view text_of(const Key& key) const { return {key_text_.data() + key.begin, key.size}; }

    // The keys of the object that ends are the last ones. Sorted, so that many keys cost little more than few.
    bool forget_keys_of_object() {
        const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(first_keys_.back());
        first_keys_.pop_back();
        if (first == keys_.end()) return true;
        const std::size_t text_begin = first->begin;
        const auto text = [this](const Key& key) { return text_of(key); };
        std::ranges::sort(first, keys_.end(), {}, text);
        const auto twice = std::ranges::adjacent_find(first, keys_.end(), {}, text);
        if (twice != keys_.end()) {
            duplicate_key = text_of(*twice);
            return false;
        }
        key_text_.resize(text_begin);
        keys_.erase(first, keys_.end());
        return true;
    }

    boost::container::pmr::string key_text_;                 // of the objects that are open, one key after the other
    boost::container::pmr::vector<Key> keys_;                // of the same
    boost::container::pmr::vector<std::size_t> first_keys_;  // for each open object: where in keys_ its own begin
};

}  // namespace

Result<json::value> parse_json(std::string_view text) {
    auto value = parse_json(text, wiping_storage());
    sodium_stackzero(parser_stack_bytes);
    return value;
}

Result<json::value> parse_json(std::string_view text, const json::storage_ptr& storage) {
    if (text.size() > limits::json_text_bytes) return invalid_input("invalid_json", "The JSON text is too long");
    json::parse_options options;
    options.max_depth = limits::json_depth;
    json::basic_parser<StrictHandler> parser(options, storage);
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

// Strict JSON reading, for everything that comes from outside: request bodies, JWS headers, claims, JWKs.
//
// Stricter than RFC 8259 asks: a duplicate key is an error (RFC 8725 section 2.4 shows the attack), as are invalid
// UTF-8, nesting past limits::json_depth, a number that no double can hold, and anything after the value.
#pragma once

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>
#include <string_view>

#include "base/result.hpp"

namespace postern {

// The value wipes its memory when it dies; a copy of it does not.
// Errors: invalid_input "invalid_json", with what is wrong and at which byte; never quotes the text.
Result<boost::json::value> parse_json(std::string_view text);
// The same in memory of `storage`, which must outlive the value and is not wiped: for texts that hold no secret.
Result<boost::json::value> parse_json(std::string_view text, const boost::json::storage_ptr& storage);

}  // namespace postern

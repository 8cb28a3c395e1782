// How claims are read from a payload (RFC 7519): each with its exact JSON type. An `exp` that is a text, a fraction or
// 1e400 is an error, never an absent one.
//
// Errors: unauthenticated "invalid_token", naming the claim and never quoting it.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace postern::verify {

Error invalid_claim(std::string_view name, std::string_view what);

// The payload as a JSON object, in memory of `storage`.
Result<boost::json::value> parse_claims(std::span<const std::uint8_t> payload,
                                        const boost::json::storage_ptr& storage = {});

Result<const boost::json::value*> get_claim(const boost::json::object& claims, std::string_view name);
// Not empty. The text is the object's.
Result<std::string_view> get_text(const boost::json::object& claims, std::string_view name);
// From 0 to `most`.
Result<std::int64_t> get_whole(const boost::json::object& claims, std::string_view name, std::int64_t most);
// Whole seconds up to the year 9999.
Result<Timestamp> get_time(const boost::json::object& claims, std::string_view name);
// The claim `type`, by which our tokens tell their kind a second time.
Result<void> check_type(const boost::json::object& claims, std::string_view wanted);

// Lower case only: two spellings of one id would be two texts for whoever compares them.
bool is_canonical_uuid(std::string_view text);

template <typename Id>
Result<Id> get_id(const boost::json::object& claims, std::string_view name) {
    const std::string_view text = TRY(get_text(claims, name));
    const auto id = Id::parse(text);
    if (!id || !is_canonical_uuid(text)) return invalid_claim(name, "is not a UUID in canonical form");
    return *id;
}

}  // namespace postern::verify

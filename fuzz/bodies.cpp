// What requests bring: JSON and forms.
#include <boost/json/serialize.hpp>
#include <string>

#include "api/messages.hpp"
#include "api/query.hpp"
#include "api/self_service_messages.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "target.hpp"

namespace postern::fuzz {

void json_body(std::string_view input) {
    (void)api::parse_message<api::LoginRequest>(input);
    (void)api::parse_message<api::RefreshRequest>(input);
    const auto parsed = parse_json(input);
    if (!parsed) return;
    // Not the same text: Boost.JSON reads some numbers of many digits a little wrong, and no number of ours has as
    // many.
    hold(parse_json(boost::json::serialize(*parsed)).has_value(), "what was read can be written and read again");
}

void form_body(std::string_view input) {
    const auto fields = api::split_query(input);
    const auto plain = decode_form(input);
    if (fields) hold(plain.has_value(), "a form whose parts can be decoded can be decoded");
    const auto secret = decode_base64_secret(input);
    if (secret) hold(secret->reveal().size() <= input.size(), "base64 never grows");
}

}  // namespace postern::fuzz

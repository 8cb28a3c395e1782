#include "api/body.hpp"

#include "base/ascii.hpp"
#include "base/encoding.hpp"

namespace postern::api {

bool has_content_type(const http::Request& request, std::string_view media_type) {
    const auto type = request.header("Content-Type");
    if (!type.has_value() || request.count_header("Content-Type") > 1) return false;
    return equal_ignoring_case(trim_spaces(type->substr(0, type->find(';'))), media_type);
}

Result<core::EmailAddress> read_email_field(const core::Text& text, std::string_view field, std::string_view value) {
    auto email = text.parse_email(value);
    if (email.has_value()) return std::move(*email);
    return invalid_input(email.error().code,
                         "Field " + quote_for_message(field) + ": must be an email address. " + email.error().message);
}

}  // namespace postern::api

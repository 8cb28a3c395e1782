// The body of a request to an OAuth endpoint: application/x-www-form-urlencoded (RFC 6749 appendix B).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"
#include "http/message.hpp"

namespace postern::api {

class Form {
public:
    // Nothing for a parameter that is absent, or empty, which RFC 6749 section 3.2 wants to mean the same.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;

private:
    friend Result<Form> read_form(const http::Request& request);
    std::map<std::string, SecretString, std::less<>> parameters_;
};

// Errors: invalid_input "invalid_request" for another content type, a percent sign without two hexadecimal digits, and
// a parameter that stands twice. None of them quotes a value.
Result<Form> read_form(const http::Request& request);

// The parameters that `Message` has, each text; others are ignored, as RFC 6749 section 3.2 says. Errors: invalid_input
// "invalid_request", which names what is missing.
template <typename Message>
Result<Message> parse_form(const Form& form);

}  // namespace postern::api

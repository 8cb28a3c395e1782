#include "api/form.hpp"

#include <algorithm>

#include "api/body.hpp"
#include "base/encoding.hpp"

namespace postern::api {
namespace {

Error invalid_request(std::string message) {
    return invalid_input("invalid_request", std::move(message));
}

}  // namespace

std::optional<std::string_view> Form::find(std::string_view name) const {
    const auto found = parameters_.find(name);
    if (found == parameters_.end() || found->second.empty()) return std::nullopt;
    return found->second.reveal();
}

Result<Form> read_form(const http::Request& request) {
    if (!has_content_type(request, "application/x-www-form-urlencoded")) {
        return invalid_request("The body must be application/x-www-form-urlencoded");
    }
    Form form;
    std::string_view rest = request.body;
    while (!rest.empty()) {
        const auto end = std::min(rest.find('&'), rest.size());
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = decode_form(pair.substr(0, equals));
        auto value = decode_form(pair.substr(std::min(equals + 1, pair.size())));
        if (!name.has_value() || !value.has_value()) {
            return invalid_request("The body holds a % that is not followed by two hexadecimal digits");
        }
        const auto [place, inserted] = form.parameters_.emplace(std::move(*name), SecretString::take_from(*value));
        if (!inserted) return invalid_request("Parameter " + quote_for_message(place->first) + " stands twice");
    }
    return form;
}

}  // namespace postern::api

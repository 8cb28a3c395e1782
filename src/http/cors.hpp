// Cross-origin requests (the Fetch standard, section 3.2), by allow-list. Thread-safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.hpp"

namespace postern::http {

class Cors {
public:
    // Origins as browsers send them ("https://app.example"); "*" lets every origin in, but without credentials.
    explicit Cors(std::vector<std::string> origins) : origins_(std::move(origins)) {}

    // Adds to an answer what lets the browser of an allowed origin read it.
    void decorate(const Request& request, Response& response) const;
    // Adds to the answer of an OPTIONS request what a preflight asks for. `allow`: the methods that the path has.
    void answer_preflight(const Request& request, std::string_view allow, Response& response) const;

private:
    // The value for Access-Control-Allow-Origin; empty when the origin may not.
    [[nodiscard]] std::string_view allowed_origin(const Request& request) const;

    std::vector<std::string> origins_;
};

}  // namespace postern::http

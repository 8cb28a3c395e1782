// From an answer to the bytes of it, with the headers that every answer carries.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "http/message.hpp"

namespace postern::http {

// The Date header's line, made once a second. One for each thread.
class DateLine {
public:
    // "Date: …\r\n"
    std::string_view now();

private:
    std::time_t second_ = 0;
    std::string line_;
};

struct ResponseFraming {
    bool head = false;       // the request's method: the same header, no body
    bool keep_alive = true;  // otherwise "Connection: close"
    bool http_1_0 = false;   // where keeping the connection has to be said, and there is no chunked coding
    bool security_headers = true;
    bool tls = false;  // adds Strict-Transport-Security
    std::string_view date_line;
    std::string_view request_id;
};

// Appends the whole answer to `out`, or of one with a stream the header. A header of `response` that would break the
// framing is left out and logged.
void append_response(std::string& out, const Response& response, const ResponseFraming& framing);

}  // namespace postern::http

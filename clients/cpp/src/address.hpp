// Where the library may send its requests, read by the same parser that the requests are made with.
#pragma once

#include <string>

namespace postern::client {

// Throws std::invalid_argument, saying what is wrong with an issuer's address. Plain http is for loopback, unless
// `allow_plain_http`; credentials have no place in it.
void check_address(const std::string& url, bool allow_plain_http);

}  // namespace postern::client

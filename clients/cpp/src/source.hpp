// Where keys, lists and the feed come from: HTTP in earnest, anything in a test.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace postern::client {

struct Answer {
    long status = 0;
    std::string body;
    std::string etag;
    std::string cache_control;
    std::string content_type;
    std::chrono::seconds age{0};  // that a cache has kept it
};

class Source {
public:
    virtual ~Source() = default;

    // Caches in between are told to ask the issuer. `etag`: of the copy at hand, or empty. Errors: unavailable, when
    // there is no answer in time or one of more than `most_bytes`.
    virtual Result<Answer> get(const std::string& url, const std::string& etag, std::size_t most_bytes) = 0;
};

}  // namespace postern::client

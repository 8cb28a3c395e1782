// The answer to a login and to a refresh.
#pragma once

#include "api/service.hpp"
#include "base/result.hpp"
#include "core/sessions.hpp"
#include "http/message.hpp"

namespace postern::api {

// What a write step gave out, and the time that it went by.
struct Issued {
    core::TokenPair pair;
    Timestamp at;
};

// Signs both tokens, after the commit. Errors: unavailable, when the key was revoked in between.
Result<http::Response> answer_with_tokens(const Service& service, const Issued& issued);

}  // namespace postern::api

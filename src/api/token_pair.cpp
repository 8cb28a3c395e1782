#include "api/token_pair.hpp"

#include "api/answer.hpp"
#include "api/messages.hpp"

namespace postern::api {

Result<http::Response> answer_with_tokens(const Service& service, const Issued& issued) {
    const auto& [pair, at] = issued;
    auto access = TRY(service.signer.sign(pair.access, pair.access_kid));
    auto refresh = TRY(service.signer.sign(pair.refresh));
    LoginResponse response;
    response.access_token = SecretString::take_from(access);
    // What is left of it: the child that a retried refresh gets again has lived for a while.
    response.expires_in = to_seconds(pair.access.expires_at) - to_seconds(at);
    response.refresh_token = SecretString::take_from(refresh);
    return answer(response);
}

}  // namespace postern::api

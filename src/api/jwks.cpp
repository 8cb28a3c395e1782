#include "api/answer.hpp"
#include "api/routes.hpp"

namespace postern::api {

http::Response jwks(const Service& service, const http::Request& request) {
    return answer_public_json(request, *service.signer.jwks(), service.jwks_max_age);
}

}  // namespace postern::api

// GET /keys of the administration: what may be told of the signing keys, which is nothing that is sealed.
#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/sign_in.hpp"

namespace postern::api::admin {
namespace {

KeyMessage describe(const core::StoredKey& key) {
    KeyMessage message{.kid = key.kid,
                       .purpose = key.purpose,
                       .algorithm = key.algorithm,
                       .state = key.state,
                       .created_at = key.created_at,
                       .expires_at = key.expires_at,
                       .revoked_at = key.revoked_at,
                       .public_jwk = std::nullopt};
    if (!key.public_jwk.empty()) message.public_jwk = JsonText{key.public_jwk};
    return message;
}

}  // namespace

FlowResult list_keys(const Service& service, const http::Request& request) {
    auto find = [](core::Reader& reader, const core::Admin&) { return reader.list_keys(); };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const auto keys = CO_TRY(std::move(found));
    KeysList list;
    for (const core::StoredKey& key : keys) list.keys.push_back(describe(key));
    co_return answer(list);
}

Facts describe_list_keys() {
    return {
        .operation_id = "listKeys",
        .summary = "List the signing keys",
        .description = "What is public of them.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "The keys", schema_of<KeysList>()}},
    };
}

}  // namespace postern::api::admin

// /keys of the administration: what may be told of the signing keys, which is nothing that is sealed; and how they are
// changed before their time.
#include "api/admin_key_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/messages.hpp"
#include "api/sign_in.hpp"
#include "core/key_rotation.hpp"

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

// What this node signs and believes follows before it answers, so that it refuses at once what was revoked.
FlowResult answer_with_changed_keys(const Service& service, std::vector<core::StoredKey> changed) {
    auto updated = co_await await_catch_up(service.key_updater);
    CO_TRY(std::move(updated));
    KeysList list;
    for (const core::StoredKey& key : changed) list.keys.push_back(describe(key));
    co_return answer(list);
}

std::string kid_of_path(const http::Request& request) {
    for (const auto& [name, segment] : request.path_parameters) {
        if (name == "kid") return segment;
    }
    return "";
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

FlowResult rotate_keys(const Service& service, const http::Request& request) {
    const auto body =
        request.body.empty() ? Result<RotateKeysRequest>(RotateKeysRequest{}) : parse_body<RotateKeysRequest>(request);
    auto rotate = [&](core::Transaction& transaction,
                      const core::Admin& admin) -> Result<std::vector<core::StoredKey>> {
        const RotateKeysRequest wanted = TRY(body);
        const auto purpose = wanted.purpose ? std::optional(wanted.purpose->purpose) : std::nullopt;
        return core::request_rotation(transaction, service.key_vault, service.rotation_policy, purpose,
                                      wanted.now.value_or(false), actor_of(request, admin), service.clock.now());
    };
    auto rotated = co_await write_as_admin(service, request, std::move(rotate));
    auto changed = CO_TRY(std::move(rotated));
    co_return co_await answer_with_changed_keys(service, std::move(changed));
}

Facts describe_rotate_keys() {
    return {
        .operation_id = "rotateKeys",
        .summary = "Rotate the signing keys before their time",
        .description =
            "Publishes new keys, which take over once every verifier can know them; or at once, when asked to. The "
            "former ones go on verifying until what they signed has expired.",
        .credential = Credential::admin_access_token,
        .body = Body::optional,
        .request = schema_of<RotateKeysRequest>(),
        .answers =
            {
                {200, "The keys that have changed", schema_of<KeysList>()},
                {400, "The body is not what it should be", schema_of<ErrorResponse>()},
                {409, "New keys wait already", schema_of<ErrorResponse>()},
            },
    };
}

FlowResult revoke_key(const Service& service, const http::Request& request) {
    const auto body = parse_body<RevokeKeyRequest>(request);
    auto revoke = [&](core::Transaction& transaction,
                      const core::Admin& admin) -> Result<std::vector<core::StoredKey>> {
        const RevokeKeyRequest wanted = TRY(body);
        return core::revoke_key(transaction, service.key_vault, service.rotation_policy, kid_of_path(request),
                                wanted.reason, actor_of(request, admin), service.clock.now());
    };
    auto revoked = co_await write_as_admin(service, request, std::move(revoke));
    auto changed = CO_TRY(std::move(revoked));
    co_return co_await answer_with_changed_keys(service, std::move(changed));
}

Facts describe_revoke_key() {
    return {
        .operation_id = "revokeKey",
        .summary = "Revoke a signing key",
        .description =
            "For a key that has leaked: everything that it signed is refused at once, and its status lists say so. "
            "Another key takes over. Sessions survive the end of an access key; that of a refresh key ends the "
            "sessions whose tokens it signed.",
        .credential = Credential::admin_access_token,
        .body = Body::required,
        .request = schema_of<RevokeKeyRequest>(),
        .answers =
            {
                {200, "The keys that have changed, the revoked one first", schema_of<KeysList>()},
                {400, "The body is not what it should be, or keys of that purpose cannot be revoked",
                 schema_of<ErrorResponse>()},
                {409, "It was revoked already", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api::admin

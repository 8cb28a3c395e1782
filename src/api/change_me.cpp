// PATCH /me: what people say of themselves. DELETE /me: leaving, with the password.
#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/self_service.hpp"
#include "api/self_service_messages.hpp"
#include "api/sign_in.hpp"
#include "core/own_deletion.hpp"
#include "core/profile.hpp"

namespace postern::api {

FlowResult change_me(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const ProfileRequest body = CO_TRY(parse_body<ProfileRequest>(request));
    const core::ProfileChange change = CO_TRY(read_profile(service.text, body.display_name, body.locale));

    const core::Actor actor = actor_of(request, caller.account());
    auto write = [&](core::Transaction& transaction) {
        return core::change_profile(transaction, caller, change, actor, service.clock.now());
    };
    auto written = co_await await_settled_write(service.store, std::move(write));
    const core::Account account = CO_TRY(std::move(written));
    co_return answer(describe_account(account, caller));
}

Facts describe_change_me() {
    return {
        .operation_id = "changeMe",
        .summary = "Change what I am called",
        .description = "Changes the fields that are there and leaves the others alone.",
        .credential = Credential::access_token,
        .body = Body::required,
        .request = schema_of<ProfileRequest>(),
        .answers =
            {
                {200, "The account as it is now", schema_of<MeResponse>()},
                {400, "The JSON body is missing, or a field of it is wrong", schema_of<ErrorResponse>()},
                {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()},
            },
    };
}

FlowResult delete_me(const Service& service, const http::Request& request) {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    const PasswordRequest body = CO_TRY(parse_body<PasswordRequest>(request));
    auto confirmed = co_await reauthenticate(service, request, caller, body.password);
    const core::Reauthenticated who = CO_TRY(std::move(confirmed));

    const core::Actor actor = actor_of(request, caller.account());
    auto write = [&](core::Transaction& transaction) {
        return core::delete_own_account(transaction, who, actor, service.clock.now());
    };
    auto written = co_await await_settled_write(service.store, std::move(write));
    CO_TRY(std::move(written));
    co_return answer(DoneResponse{"The account is deleted"});
}

Facts describe_delete_me() {
    return {
        .operation_id = "deleteMe",
        .summary = "Delete my account",
        .description =
            "Takes the password too. The account, its sessions and what is personal of it in the audit "
            "trail are gone afterwards.",
        .credential = Credential::access_token,
        .body = Body::required,
        .request = schema_of<PasswordRequest>(),
        .answers =
            {
                {200, "The account is deleted", schema_of<DoneResponse>()},
                {400, "The JSON body is missing, or a field of it is wrong", schema_of<ErrorResponse>()},
                {401, "The access token is missing, invalid, expired or revoked", schema_of<ErrorResponse>()},
                {403, "The password is wrong", schema_of<ErrorResponse>()},
                {409, "It is the last active administrator", schema_of<ErrorResponse>()},
            },
    };
}

}  // namespace postern::api

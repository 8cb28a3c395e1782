// Who is held up after failed logins, and letting an account's holder in again.
#include "api/admin_account.hpp"
#include "api/admin_messages.hpp"
#include "api/admin_routes.hpp"
#include "api/answer.hpp"
#include "api/sign_in.hpp"
#include "core/lockouts.hpp"

namespace postern::api::admin {

FlowResult show_throttle(const Service& service, const http::Request& request) {
    auto find = [&](core::Reader& reader, const core::Admin&) {
        return core::list_lockouts(reader, service.throttle.policy(), service.clock.now(), limits::page_entries_most);
    };
    auto found = co_await read_as_admin(service, request, std::move(find));
    const core::Lockouts lockouts = CO_TRY(std::move(found));

    ThrottleResponse response;
    for (const core::Lockout& lockout : lockouts.accounts) {
        response.accounts.push_back({.account_id = lockout.account.id,
                                     .email = lockout.account.email,
                                     .failures = lockout.failures,
                                     .locked_until = lockout.until});
    }
    response.unknown_addresses = lockouts.unknown_addresses;
    for (const auto& throttled : service.throttle.throttled_networks(limits::page_entries_most)) {
        response.networks.push_back(
            {.network = throttled.network, .failures = throttled.failures, .throttled_until = throttled.until});
    }
    co_return answer(response);
}

Facts describe_show_throttle() {
    return {
        .operation_id = "showThrottle",
        .summary = "Show who is throttled",
        .description =
            "Accounts that are locked after failed logins, on all nodes, and the networks that the node "
            "that answers throttles.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "Who is throttled", schema_of<ThrottleResponse>()}},
    };
}

FlowResult lift_lockout(const Service& service, const http::Request& request) {
    auto lift = [&](core::Transaction& transaction, const core::Admin& admin) -> Result<core::Account> {
        auto account = TRY(account_of_path(transaction, request));
        TRY(core::lift_lockout(transaction, account, actor_of(request, admin), service.clock.now()));
        return account;
    };
    auto lifted = co_await write_as_admin(service, request, std::move(lift));
    const core::Account account = CO_TRY(std::move(lifted));
    service.throttle.forget_address(account.email_key);
    co_return answer(describe_account(account));
}

Facts describe_lift_lockout() {
    return {
        .operation_id = "liftLockout",
        .summary = "Unlock an account",
        .description =
            "Forgets the failed logins of the account. Its password stays, and so does what each network "
            "has used up.",
        .credential = Credential::admin_access_token,
        .answers = {{200, "The account", schema_of<AccountMessage>()}},
    };
}

}  // namespace postern::api::admin

// Who sends a request, for the flows that need to know.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "api/await.hpp"
#include "api/service.hpp"
#include "base/result.hpp"
#include "core/access.hpp"
#include "core/audit.hpp"
#include "http/message.hpp"

namespace postern::api {

// The holder of an access token. From memory, unless this node must first catch up with the store; `audiences` as
// core::AccessChecker::check() has them. Errors: those of that; unavailable when catching up fails, because a client
// must not throw a good token away for our trouble.
boost::asio::awaitable<Result<core::Bearer>> check_token(const Service& service, std::string_view token,
                                                         const std::vector<std::string>* audiences = nullptr);

// The same without waiting; nothing when this node must first catch up, with the store or with the keys.
std::optional<Result<core::Bearer>> check_token_from_memory(const Service& service, std::string_view token,
                                                            const std::vector<std::string>* audiences = nullptr);

// The account that holds the request's access token. Errors: those of bearer_token() and check_token(); forbidden
// "account_required".
boost::asio::awaitable<Result<core::SignedIn>> sign_in(const Service& service, const http::Request& request);

// For the flows that only an administrator may use: signs in, and runs work(reader, admin) or work(transaction, admin)
// once the caller was found to be an administrator in that same read or transaction. So whoever was demoted before it
// runs is refused, however early the request came in; and nobody else learns what is wrong with their request.
// Errors: those of sign_in(); forbidden "admin_required"; what `work` says.
template <typename Work>
auto read_as_admin(const Service& service, const http::Request& request, Work work)
    -> boost::asio::awaitable<std::invoke_result_t<Work, core::Reader&, const core::Admin&>> {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    auto checked = [&](core::Reader& reader) -> std::invoke_result_t<Work, core::Reader&, const core::Admin&> {
        const core::Admin admin = TRY(core::AccessChecker::check_admin(reader, caller));
        return work(reader, admin);
    };
    co_return co_await await_read(service.store, std::move(checked));
}

template <typename Work>
auto write_as_admin(const Service& service, const http::Request& request, Work work)
    -> boost::asio::awaitable<std::invoke_result_t<Work, core::Transaction&, const core::Admin&>> {
    auto signed_in = co_await sign_in(service, request);
    const core::SignedIn caller = CO_TRY(std::move(signed_in));
    auto checked =
        [&](core::Transaction& transaction) -> std::invoke_result_t<Work, core::Transaction&, const core::Admin&> {
        const core::Admin admin = TRY(core::AccessChecker::check_admin(transaction, caller));
        return work(transaction, admin);
    };
    co_return co_await await_settled_write(service.store, std::move(checked));
}

// What a token of ours says, whoever it is for and whether it is good or over: signature and form, nothing else. From
// memory, unless its key is not known here yet. Errors: unauthenticated "invalid_token"; unavailable when the key
// cannot be looked for.
boost::asio::awaitable<Result<core::AccessClaims>> read_access_token(const Service& service, std::string_view token);
boost::asio::awaitable<Result<core::RefreshClaims>> read_refresh_token(const Service& service, std::string_view token);
// The claims of a refresh token that was presented. Errors: as above; unauthenticated "token_expired".
boost::asio::awaitable<Result<core::RefreshClaims>> check_refresh_token(const Service& service, std::string_view token);

// For the audit trail: `account` acts, from the request's address with its user agent in printable ASCII.
core::Actor actor_of(const http::Request& request, const core::AccountId& account);
core::Actor actor_of(const http::Request& request, const core::Admin& admin);
core::Actor actor_of(const http::Request& request, const core::AuthenticatedClient& client);
// The same for whoever shows no credentials, or a mailed link alone.
core::Actor anonymous_actor(const http::Request& request);

}  // namespace postern::api

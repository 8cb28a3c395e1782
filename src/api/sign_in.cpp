#include "api/sign_in.hpp"

#include "api/await.hpp"
#include "api/bearer.hpp"
#include "base/encoding.hpp"
#include "base/limits.hpp"

namespace postern::api {
namespace {

// A genuine token of the other kind deserves a better word than "invalid": its holder mixed two up.
Error explain_access_refusal(const Service& service, std::string_view token, Error error) {
    if (error.code == "invalid_token" && service.signer.read_refresh(token).has_value()) {
        error.message = "Only access tokens are accepted here; this is a refresh token";
    }
    return error;
}

// Once the keys were looked for, a key that is still unknown is none of ours.
Error refuse_unknown_key(Error error) {
    if (error.code != core::unknown_key_code) return error;
    return unauthenticated("invalid_token", std::move(error.message));
}

// What `read` says, and once more when it says that it does not know the token's key: another node may have just made
// it.
template <typename Read>
boost::asio::awaitable<std::invoke_result_t<Read>> read_once_key_is_known(const Service& service, Read read) {
    auto claims = read();
    if (claims.has_value() || claims.error().code != core::unknown_key_code) co_return claims;
    Result<void> updated = co_await await_catch_up(service.key_updater);
    if (!updated.has_value()) co_return unavailable(updated.error().message);
    claims = read();
    if (!claims.has_value()) claims = refuse_unknown_key(std::move(claims.error()));
    co_return claims;
}

core::Actor make_actor(std::string name, const http::Request& request) {
    // A header may hold any bytes, and a database takes only valid text.
    auto user_agent = printable_ascii(request.header("User-Agent").value_or(""), limits::user_agent_bytes);
    return {.name = std::move(name), .address = request.client_address, .user_agent = std::move(user_agent)};
}

}  // namespace

std::optional<Result<core::Bearer>> check_token_from_memory(const Service& service, std::string_view token,
                                                            const std::vector<std::string>* audiences) {
    auto bearer = service.access_checker.check(token, core::Knowledge::as_it_is, audiences);
    if (bearer.has_value()) return bearer;
    if (bearer.error().code == core::unknown_key_code || bearer.error().kind == ErrorKind::not_current) {
        return std::nullopt;
    }
    return explain_access_refusal(service, token, std::move(bearer.error()));
}

boost::asio::awaitable<Result<core::Bearer>> check_token(const Service& service, std::string_view token,
                                                         const std::vector<std::string>* audiences) {
    auto bearer = service.access_checker.check(token, core::Knowledge::as_it_is, audiences);
    if (!bearer.has_value() && bearer.error().code == core::unknown_key_code) {
        // Of a key that another node has just made, perhaps; its list is as new, and is looked for afterwards.
        Result<void> updated = co_await await_catch_up(service.key_updater);
        if (!updated.has_value()) co_return unavailable(updated.error().message);
        bearer = service.access_checker.check(token, core::Knowledge::as_it_is, audiences);
        if (!bearer.has_value()) bearer = refuse_unknown_key(std::move(bearer.error()));
    }
    if (!bearer.has_value() && bearer.error().kind == ErrorKind::not_current) {
        Result<void> caught_up = co_await await_catch_up(service.store);
        if (!caught_up.has_value()) co_return unavailable(caught_up.error().message);
        bearer = service.access_checker.check(token, core::Knowledge::caught_up, audiences);
    }
    if (!bearer.has_value()) co_return explain_access_refusal(service, token, std::move(bearer.error()));
    co_return std::move(bearer);
}

boost::asio::awaitable<Result<core::SignedIn>> sign_in(const Service& service, const http::Request& request) {
    const std::string_view token = CO_TRY(bearer_token(request));
    auto checked = co_await check_token(service, token);
    const core::Bearer bearer = CO_TRY(std::move(checked));
    co_return core::AccessChecker::check_account(bearer);
}

boost::asio::awaitable<Result<core::AccessClaims>> read_access_token(const Service& service, std::string_view token) {
    return read_once_key_is_known(service, [&service, token] { return service.signer.read_access(token); });
}

boost::asio::awaitable<Result<core::RefreshClaims>> read_refresh_token(const Service& service, std::string_view token) {
    return read_once_key_is_known(service, [&service, token] { return service.signer.read_refresh(token); });
}

boost::asio::awaitable<Result<core::RefreshClaims>> check_refresh_token(const Service& service,
                                                                        std::string_view token) {
    auto claims = co_await read_refresh_token(service, token);
    if (!claims.has_value() && claims.error().code == "invalid_token" &&
        service.signer.read_access(token).has_value()) {
        co_return unauthenticated("invalid_token", "Only refresh tokens are accepted here; this is an access token");
    }
    const auto believed = CO_TRY(std::move(claims));
    CO_TRY(core::check_refresh_claims(believed, service.token_policy, service.clock.now()));
    co_return believed;
}

core::Actor actor_of(const http::Request& request, const core::AccountId& account) {
    return make_actor(account.text(), request);
}

core::Actor actor_of(const http::Request& request, const core::AuthenticatedClient& client) {
    return make_actor("client:" + client.client().id.text(), request);
}

core::Actor anonymous_actor(const http::Request& request) {
    return make_actor("anonymous", request);
}

core::Actor actor_of(const http::Request& request, const core::Admin& admin) {
    return actor_of(request, admin.caller().account());
}

}  // namespace postern::api

#include "api/token_pair.hpp"

#include <algorithm>

#include "api/answer.hpp"
#include "api/await.hpp"
#include "api/sign_in.hpp"
#include "base/encoding.hpp"

namespace postern::api {
namespace {

// Nothing of the pair exists before the commit: refused here, the refresh token is as good as it was.
Result<void> require_scopes(const core::TokenPair& pair, const std::vector<std::string>& scopes) {
    for (const std::string& scope : scopes) {
        if (std::ranges::find(pair.access.scopes, scope) != pair.access.scopes.end()) continue;
        return invalid_input("invalid_scope", "The account does not have the scope " + quote_for_message(scope));
    }
    return {};
}

}  // namespace

boost::asio::awaitable<Result<Issued>> exchange_refresh_token(const Service& service, const http::Request& request,
                                                              std::string_view token,
                                                              const std::vector<std::string>& scopes) {
    auto checked = co_await check_refresh_token(service, token);
    const core::RefreshClaims claims = CO_TRY(std::move(checked));
    const std::string kid = CO_TRY(service.signer.access_kid());
    const core::Actor actor = actor_of(request, claims.subject);

    struct Refreshed {
        core::RefreshOutcome outcome;
        Timestamp at;
    };
    auto rotate = [&](core::Transaction& transaction) -> Result<Refreshed> {
        const Timestamp now = service.clock.now();
        Refreshed refreshed{TRY(core::refresh_session(transaction, claims, actor, service.token_policy, kid, now)),
                            now};
        if (refreshed.outcome.pair.has_value()) TRY(require_scopes(*refreshed.outcome.pair, scopes));
        return refreshed;
    };
    auto written = co_await await_write(service.store, std::move(rotate));
    Refreshed refreshed = CO_TRY(std::move(written));
    if (!refreshed.outcome.pair.has_value()) co_return core::refusal(refreshed.outcome.status);
    co_return Issued{std::move(*refreshed.outcome.pair), refreshed.at};
}

Result<LoginResponse> sign_pair(const Service& service, const Issued& issued) {
    const auto& [pair, at] = issued;
    auto access = TRY(service.signer.sign(pair.access, pair.access_kid));
    auto refresh = TRY(service.signer.sign(pair.refresh));
    LoginResponse response;
    response.access_token = SecretString::take_from(access);
    // What is left of it: the child that a retried refresh gets again has lived for a while.
    response.expires_in = to_seconds(pair.access.expires_at) - to_seconds(at);
    response.refresh_token = SecretString::take_from(refresh);
    return response;
}

Result<http::Response> answer_with_tokens(const Service& service, const Issued& issued) {
    const LoginResponse response = TRY(sign_pair(service, issued));
    return answer(response);
}

}  // namespace postern::api

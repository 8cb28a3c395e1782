// The OAuth endpoints over the store in memory.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "api/oauth_routes.hpp"
#include "api/testing.hpp"
#include "base/json.hpp"
#include "core/clients.hpp"

namespace postern::api {
namespace {

using http::Method;
using testing::header;

class OAuth : public ::testing::Test {
protected:
    core::ClientWithSecret create(const std::string& name, std::vector<std::string> audiences,
                                  std::vector<std::string> scopes = {}) {
        const core::NewClient wanted{name, std::move(audiences), std::move(scopes)};
        auto made = core::write_and_wait(*bench.store, [&](core::Transaction& transaction) {
            return core::create_client(transaction, wanted, core::testing::actor(), bench.clock.now());
        });
        reload();
        return std::move(*made);
    }
    void reload() { bench.clients.load(core::read_and_wait(*bench.store, core::list_all_clients).value()); }
    static std::string credentials(const core::ClientWithSecret& client) {
        return "client_id=" + client.client.id.text() + "&client_secret=" + std::string(client.secret.reveal());
    }
    http::Response post(const std::string& path, std::string body,
                        std::string type = "application/x-www-form-urlencoded") {
        http::Request request;
        request.method = Method::post;
        request.path = "/oauth2/" + path;
        request.headers.emplace_back("Content-Type", std::move(type));
        request.body = std::move(body);
        auto response = bench.call(std::move(request));
        EXPECT_EQ(header(response, "Cache-Control"), "no-store") << path;
        return response;
    }
    static std::string field(const http::Response& response, std::string_view name) {
        const auto body = parse_json(response.body);
        if (!body.has_value() || !body->is_object() || !body->get_object().contains(name)) return "";
        const auto& value = body->at(name);
        return value.is_string() ? std::string(value.get_string()) : boost::json::serialize(value);
    }
    std::string introspect(const std::string& token) {
        return post("introspect", credentials(api) + "&token=" + token).body;
    }
    void expect_refused(const http::Response& response, int status, std::string_view word) {
        EXPECT_EQ(response.status, status) << response.body;
        EXPECT_EQ(field(response, "error"), word) << response.body;
        EXPECT_NE(field(response, "error_description"), "") << response.body;
        EXPECT_EQ(header(response, "WWW-Authenticate"), status == 401 ? "Basic realm=\"clients\"" : "");
    }
    std::string log_in(std::string_view token = "access_token") { return field(bench.log_in(), token); }
    std::string client_token(const core::ClientWithSecret& client, const std::string& more = "") {
        return field(post("token", "grant_type=client_credentials&" + credentials(client) + more), "access_token");
    }

    testing::Bench bench;
    core::ClientWithSecret api = create("api", {"https://api.example"}, {"read", "write"});
    core::ClientWithSecret other = create("other", {"https://other.example"});
    static constexpr std::string_view inactive = R"({"active":false})";
};

TEST_F(OAuth, IntrospectionTellsWhatAGoodTokenSays) {
    const auto response = post("introspect", credentials(api) + "&token=" + log_in());
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(field(response, "active"), "true");
    EXPECT_EQ(field(response, "client_id"), "first-party");
    EXPECT_EQ(field(response, "token_type"), "Bearer");
    EXPECT_EQ(field(response, "iss"), "https://auth.example");
    EXPECT_EQ(field(response, "aud"), R"(["https://api.example"])");
    EXPECT_EQ(field(response, "exp"), std::to_string(to_seconds(bench.clock.now()) + 900));
    EXPECT_EQ(field(response, "sub"), bench.store->tables.accounts.begin()->first.text());
    EXPECT_EQ(field(response, "sid"), bench.store->tables.sessions.begin()->first.text());
    EXPECT_NE(field(response, "jti"), "");
    EXPECT_EQ(field(response, "scope"), "");
    EXPECT_EQ(field(response, "roles"), "");
}

TEST_F(OAuth, IntrospectionTellsRolesScopesAndClaims) {
    auto& account = bench.store->tables.accounts.begin()->second;
    account.roles = {"admin", "editor"};
    account.scopes = {"read", "write"};
    account.custom_claims = R"({"tenant":"acme","limits":[1,2]})";
    const auto response = post("introspect", credentials(api) + "&token=" + log_in());
    EXPECT_EQ(field(response, "roles"), R"(["admin","editor"])");
    EXPECT_EQ(field(response, "scope"), "read write");
    EXPECT_EQ(field(response, "tenant"), "acme");
    EXPECT_EQ(field(response, "limits"), "[1,2]");
}

TEST_F(OAuth, IntrospectionSaysNothingOfAnythingElse) {
    const std::string token = log_in();
    EXPECT_EQ(post("introspect", credentials(other) + "&token=" + token).body, inactive);
    EXPECT_EQ(introspect(log_in("refresh_token")), inactive);
    EXPECT_EQ(introspect("forged"), inactive);
    EXPECT_EQ(introspect(std::string(9000, 'a')), inactive);
    EXPECT_EQ(introspect(client_token(other)), inactive);
    EXPECT_EQ(introspect(token + "&token_type_hint=refresh_token").substr(0, 14), R"({"active":true)");
    bench.call(Method::delete_, "/auth/v1/revoke_access", "Bearer " + token);
    EXPECT_EQ(introspect(token), inactive);
    const std::string late = log_in();
    bench.clock.advance(std::chrono::minutes(15));
    EXPECT_EQ(introspect(late), inactive);
}

TEST_F(OAuth, IntrospectionIsForClientsAlone) {
    const std::string token = log_in();
    expect_refused(post("introspect", "token=" + token), 401, "invalid_client");
    expect_refused(post("introspect", "client_id=" + api.client.id.text() + "&token=" + token), 401, "invalid_client");
    expect_refused(post("introspect", credentials(api) + "x&token=" + token), 401, "invalid_client");
    // Who is asking comes before what they ask.
    expect_refused(post("introspect", ""), 401, "invalid_client");
    expect_refused(post("introspect", credentials(api)), 400, "invalid_request");
    expect_refused(post("introspect", credentials(api) + "&token="), 400, "invalid_request");
    expect_refused(post("introspect", credentials(api) + "&token=a&token=a"), 400, "invalid_request");
    expect_refused(post("introspect", R"({"token":"a"})", "application/json"), 400, "invalid_request");
    expect_refused(post("introspect", credentials(api) + "&token=a&client_assertion=x.y.z"), 401, "invalid_client");
}

TEST_F(OAuth, IntrospectionNeverAnswersFromOldKnowledge) {
    const std::string token = log_in();
    bench.store->fresh = false;
    EXPECT_EQ(introspect(token).substr(0, 14), R"({"active":true)");
    EXPECT_EQ(bench.store->catch_ups, 1);
    bench.store->fresh = false;
    bench.store->reachable = false;
    const auto response = post("introspect", credentials(api) + "&token=" + token);
    expect_refused(response, 503, "temporarily_unavailable");
    EXPECT_EQ(header(response, "Retry-After"), "1");
}

TEST_F(OAuth, RevokingAnAccessTokenLeavesItsSession) {
    const auto pair = bench.log_in();
    const auto response = post("revoke", "token=" + field(pair, "access_token"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "");
    EXPECT_EQ(introspect(field(pair, "access_token")), inactive);
    EXPECT_EQ(bench.call(Method::post, "/auth/v1/refresh", "Bearer " + field(pair, "refresh_token")).status, 200);
}

TEST_F(OAuth, RevokingARefreshTokenEndsItsSession) {
    for (const char* hint :
         {"", "&token_type_hint=refresh_token", "&token_type_hint=access_token", "&token_type_hint=nonsense"}) {
        const auto pair = bench.log_in();
        EXPECT_EQ(post("revoke", "token=" + field(pair, "refresh_token") + hint).status, 200);
        EXPECT_EQ(introspect(field(pair, "access_token")), inactive) << hint;
        EXPECT_EQ(bench.call(Method::post, "/auth/v1/refresh", "Bearer " + field(pair, "refresh_token")).status, 401);
    }
}

TEST_F(OAuth, RevokingWhatIsGoodForNothingIsNoError) {
    const std::string token = log_in();
    EXPECT_EQ(post("revoke", "token=forged").status, 200);
    EXPECT_EQ(post("revoke", "token=" + token).status, 200);
    EXPECT_EQ(post("revoke", "token=" + token).status, 200);
    expect_refused(post("revoke", ""), 400, "invalid_request");
    expect_refused(post("revoke", "token=a&token=b"), 400, "invalid_request");
    expect_refused(post("revoke", credentials(api) + "x&token=forged"), 401, "invalid_client");
    // What this node knows of revocations does not matter: the database is told.
    const std::string unchecked = log_in();
    bench.store->fresh = false;
    EXPECT_EQ(post("revoke", "token=" + unchecked).status, 200);
    bench.store->fresh = true;
    EXPECT_EQ(introspect(unchecked), inactive);
}

TEST_F(OAuth, ATokenOfAnyTimeIsRevoked) {
    // Of another node, whose clock is ahead; this one would refuse it for now.
    const auto pair = bench.log_in();
    bench.clock.advance(-std::chrono::minutes(1));
    EXPECT_EQ(introspect(field(pair, "access_token")), inactive);
    EXPECT_EQ(post("revoke", "token=" + field(pair, "access_token")).status, 200);
    const auto other_pair = bench.log_in();
    EXPECT_EQ(post("revoke", "token=" + field(other_pair, "refresh_token")).status, 200);
    bench.clock.advance(std::chrono::minutes(1));
    EXPECT_EQ(introspect(field(pair, "access_token")), inactive);
    EXPECT_EQ(introspect(field(other_pair, "access_token")), inactive);
}

TEST_F(OAuth, ATokenWhoseKeyCannotBeLookedForIsNotCalledRevoked) {
    const auto pair = bench.log_in();
    bench.signer.knows_new_key = false;
    bench.key_updater.outcome = unavailable("The store is away");
    for (const char* name : {"access_token", "refresh_token"}) {
        expect_refused(post("revoke", "token=" + field(pair, name)), 503, "temporarily_unavailable");
    }
}

TEST_F(OAuth, AClientsOwnTokenIsRevokedByThatClientOnly) {
    const std::string token = client_token(api);
    EXPECT_EQ(introspect(token).substr(0, 14), R"({"active":true)");
    expect_refused(post("revoke", "token=" + token), 401, "invalid_client");
    expect_refused(post("revoke", credentials(other) + "&token=" + token), 400, "unauthorized_client");
    EXPECT_EQ(introspect(token).substr(0, 14), R"({"active":true)");
    EXPECT_EQ(post("revoke", credentials(api) + "&token=" + token).status, 200);
    EXPECT_EQ(introspect(token), inactive);
    // Also when none of its audiences is one of this server's own.
    const std::string foreign = client_token(other);
    EXPECT_EQ(post("revoke", credentials(other) + "&token=" + foreign).status, 200);
    EXPECT_EQ(post("introspect", credentials(other) + "&token=" + foreign).body, inactive);
}

TEST_F(OAuth, RefreshingIsThatOfTheInterface) {
    const auto pair = bench.log_in();
    const auto next = post("token", "grant_type=refresh_token&refresh_token=" + field(pair, "refresh_token"));
    EXPECT_EQ(next.status, 200) << next.body;
    EXPECT_EQ(field(next, "token_type"), "Bearer");
    EXPECT_EQ(field(next, "expires_in"), "900");
    EXPECT_EQ(introspect(field(next, "access_token")).substr(0, 14), R"({"active":true)");
    EXPECT_NE(field(next, "refresh_token"), field(pair, "refresh_token"));
    // A public client names itself, and may be no other.
    EXPECT_EQ(
        post("token", "grant_type=refresh_token&client_id=first-party&refresh_token=" + field(next, "refresh_token"))
            .status,
        200);
}

TEST_F(OAuth, RefusalsOfARefreshAreInvalidGrants) {
    const auto pair = bench.log_in();
    const std::string good = "grant_type=refresh_token&refresh_token=" + field(pair, "refresh_token");
    const std::string start = "grant_type=refresh_token&refresh_token=";
    expect_refused(post("token", start + "forged"), 400, "invalid_grant");
    expect_refused(post("token", start + field(pair, "access_token")), 400, "invalid_grant");
    expect_refused(post("token", start), 400, "invalid_request");
    expect_refused(post("token", good + "&" + credentials(api)), 400, "invalid_grant");
    expect_refused(post("token", good + "&client_id=another"), 401, "invalid_client");
    expect_refused(post("token", good + "&client_assertion_type=urn&client_assertion=x"), 401, "invalid_client");
    expect_refused(post("token", good + "&scope=read"), 400, "invalid_scope");
    expect_refused(post("token", good + "&scope=two++spaces"), 400, "invalid_scope");
    expect_refused(post("token", good + "&" + good), 400, "invalid_request");
    // None of these has used it up.
    EXPECT_EQ(post("token", good).status, 200);
    bench.clock.advance(std::chrono::minutes(1));
    expect_refused(post("token", good), 400, "invalid_grant");  // reuse
    expect_refused(post("token", good), 400, "invalid_grant");  // the session that it ended
}

TEST_F(OAuth, ClientsGetTokensOfTheirOwn) {
    const auto response = post("token", "grant_type=client_credentials&" + credentials(api));
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(field(response, "token_type"), "Bearer");
    EXPECT_EQ(field(response, "expires_in"), "900");
    EXPECT_EQ(field(response, "scope"), "read write");
    EXPECT_EQ(field(response, "refresh_token"), "");
    const auto told = post("introspect", credentials(api) + "&token=" + field(response, "access_token"));
    EXPECT_EQ(field(told, "sub"), api.client.id.text());
    EXPECT_EQ(field(told, "client_id"), api.client.id.text());
    EXPECT_EQ(field(told, "sid"), "");
    EXPECT_EQ(field(told, "scope"), "read write");

    const auto narrow = post(
        "token", "grant_type=client_credentials&scope=write&resource=https%3A%2F%2Fapi.example&" + credentials(api));
    EXPECT_EQ(field(narrow, "scope"), "write");
    // What is for accounts is not for clients.
    const auto refused = bench.call(Method::get, "/auth/v1/me", "Bearer " + field(response, "access_token"));
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(field(refused, "code"), "account_required");
    EXPECT_EQ(header(refused, "WWW-Authenticate").substr(0, 34), R"(Bearer error="insufficient_scope",)");
}

TEST_F(OAuth, ClientsAreRefusedWhatTheyMayNotHave) {
    const std::string start = "grant_type=client_credentials&" + credentials(api);
    expect_refused(post("token", "grant_type=client_credentials"), 401, "invalid_client");
    expect_refused(post("token", start + "x"), 401, "invalid_client");
    expect_refused(post("token", start + "&scope=admin"), 400, "invalid_scope");
    expect_refused(post("token", start + "&resource=https://other.example"), 400, "invalid_target");
    expect_refused(post("token", start + "&audience=https://other.example"), 400, "invalid_target");
    expect_refused(post("token", start + "&resource=a&audience=b"), 400, "invalid_request");
    expect_refused(post("token", start + "&resource=a&resource=b"), 400, "invalid_request");
    expect_refused(post("token", credentials(api)), 400, "invalid_request");
    for (const char* grant : {"password", "authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"}) {
        expect_refused(post("token", std::string("username=ada@example.org&password=correct&grant_type=") + grant), 400,
                       "unsupported_grant_type");
    }
    EXPECT_TRUE(bench.store->tables.slots.empty());
}

TEST_F(OAuth, ADisabledClientIsShutOut) {
    const std::string token = client_token(api);
    const std::string asking = credentials(other) + "&token=" + token;
    ASSERT_TRUE(core::write_and_wait(*bench.store, [&](core::Transaction& transaction) {
                    return core::disable_client(transaction, api.client.id, core::testing::actor(), bench.clock.now());
                }).has_value());
    // The directory has not heard of it yet: the transaction has.
    expect_refused(post("token", "grant_type=client_credentials&" + credentials(api)), 401, "invalid_client");
    reload();
    for (const char* path : {"introspect", "revoke"}) {
        expect_refused(post(path, credentials(api) + "&token=" + token), 401, "invalid_client");
    }
    EXPECT_EQ(bench.call(Method::get, "/auth/v1/me", "Bearer " + token).status, 401);
}

TEST_F(OAuth, MetadataTellsWhatThereIs) {
    const auto response = bench.call(Method::get, "/.well-known/oauth-authorization-server");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(field(response, "issuer"), "https://auth.example");
    EXPECT_EQ(field(response, "token_endpoint"), "https://auth.example/oauth2/token");
    EXPECT_EQ(field(response, "grant_types_supported"), R"(["refresh_token","client_credentials"])");
    EXPECT_EQ(header(response, "Cache-Control").substr(0, 7), "public,");
    EXPECT_EQ(oauth::metadata_path("https://a.example"), "/.well-known/oauth-authorization-server");
    EXPECT_EQ(oauth::metadata_path("https://a.example/"), "/.well-known/oauth-authorization-server");
    EXPECT_EQ(oauth::metadata_path("https://a.example/t/1"), "/.well-known/oauth-authorization-server/t/1");
}

}  // namespace
}  // namespace postern::api

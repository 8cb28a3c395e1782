#include "api/client_authentication.hpp"

#include <gtest/gtest.h>

#include "api/testing.hpp"
#include "base/encoding.hpp"
#include "core/clients.hpp"

namespace postern::api {
namespace {

// Plain base64, as a client would write it.
std::string base64(std::string_view text) {
    std::string encoded = encode_base64url(text);
    for (char& c : encoded) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (encoded.size() % 4 != 0) encoded += '=';
    return encoded;
}

class ClientAuthentication : public ::testing::Test {
protected:
    ClientAuthentication() {
        auto made = core::write_and_wait(*bench.store, [&](core::Transaction& transaction) {
            return core::create_client(transaction, {.name = "billing", .audiences = {"a"}, .scopes = {}},
                                       core::testing::actor(), bench.clock.now());
        });
        id = made->client.id.text();
        secret = made->secret.reveal();
        bench.clients.load({made->client});
    }
    std::string ask(const std::vector<std::string>& headers, const PostedClient& posted = {}) {
        http::Request request;
        for (const auto& value : headers) request.headers.emplace_back("authorization", value);
        const auto client = get_client(bench.service, request, posted);
        return client.has_value() ? client->client().name : client.error().code;
    }

    testing::Bench bench;
    std::string id;
    std::string secret;
};

TEST_F(ClientAuthentication, TakesTheHeaderInAnyCase) {
    for (const char* scheme : {"Basic ", "basic ", "BASIC ", "Basic   "}) {
        EXPECT_EQ(ask({scheme + base64(id + ":" + secret)}), "billing") << scheme;
    }
}

TEST_F(ClientAuthentication, TakesPercentEncodedParts) {
    const auto encode = [](std::string_view text) {
        std::string encoded;
        for (const char c : text) encoded += c == '-' ? "%2D" : c == '_' ? "%5f" : std::string(1, c);
        return encoded;
    };
    EXPECT_EQ(ask({"Basic " + base64(encode(id) + ":" + encode(secret))}), "billing");
    EXPECT_EQ(ask({"Basic " + base64(id + ":" + secret + "%")}), "invalid_client");
}

TEST_F(ClientAuthentication, TakesThePostedOne) {
    EXPECT_EQ(ask({}, {.client_id = id, .client_secret = secret}), "billing");
    EXPECT_EQ(ask({}, {.client_id = id, .client_secret = "pcs_"}), "invalid_client");
    EXPECT_EQ(ask({}, {.client_id = std::nullopt, .client_secret = secret}), "invalid_client");
    EXPECT_EQ(ask({}, {.client_id = id, .client_secret = std::nullopt}), "invalid_client");
    http::Request request;
    EXPECT_FALSE(find_client(bench.service, request, {.client_id = id, .client_secret = {}}).value().has_value());
}

TEST_F(ClientAuthentication, RefusesWhatIsSaidTwice) {
    const std::string header = "Basic " + base64(id + ":" + secret);
    EXPECT_EQ(ask({header, header}), "invalid_request");
    EXPECT_EQ(ask({header}, {.client_id = id, .client_secret = secret}), "invalid_request");
    EXPECT_EQ(ask({header}, {.client_id = "another", .client_secret = std::nullopt}), "invalid_request");
    EXPECT_EQ(ask({header}, {.client_id = id, .client_secret = std::nullopt}), "billing");
}

TEST_F(ClientAuthentication, RefusesWhatProvesNothing) {
    const std::string good = base64(id + ":" + secret);
    for (const std::string& header :
         {std::string("Basic"), std::string("Basic "), "Bearer " + good, good, "Basic " + good + " " + good,
          "Basic " + base64(id), "Basic " + base64(id + ":"), "Basic " + base64(":" + secret),
          "Basic " + base64(id + ": " + secret), "Basic " + base64(secret + ":" + id), "Basic " + good + "=",
          "Basic " + id + ":" + secret}) {
        EXPECT_EQ(ask({header}), "invalid_client") << header;
    }
    EXPECT_EQ(ask({}), "invalid_client");
}

}  // namespace
}  // namespace postern::api

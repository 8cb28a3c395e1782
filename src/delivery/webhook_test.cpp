#include "delivery/webhook.hpp"

#include <gtest/gtest.h>

namespace postern::delivery {
namespace {

TEST(Webhook, SignsTimeAndBody) {
    const SecretString secret("a secret of the webhooks");
    const Timestamp now = from_seconds(1'800'000'000);
    // Computed with Python's hmac.
    EXPECT_EQ(sign_webhook(secret, now, R"({"event":"login"})"),
              "t=1800000000,v1=be08db3b3584130d42975152ff2473e98025a1da27d057aade10bffeeb0eac9c");
    EXPECT_NE(sign_webhook(secret, now, R"({"event":"Login"})"), sign_webhook(secret, now, R"({"event":"login"})"));
    EXPECT_NE(sign_webhook(secret, now + Seconds(1), "x").substr(13), sign_webhook(secret, now, "x").substr(13));
}

TEST(Webhook, GoesToHttpUrlsWithoutCredentials) {
    for (const char* url : {"http://example.com", "https://example.com:8443/hook?x=1", "https://[2606:4700::1]/"}) {
        EXPECT_TRUE(check_webhook_url(url).has_value()) << url;
    }
    for (const char* url : {"", "example.com", "ftp://example.com/", "file:///etc/passwd", "https://", "https:///x",
                            "https://user:secret@example.com/", "https://example.com/a b",
                            "https://example.com\r\nX: y", "gopher://127.0.0.1:25/"}) {
        EXPECT_FALSE(check_webhook_url(url).has_value()) << url;
    }
}

}  // namespace
}  // namespace postern::delivery

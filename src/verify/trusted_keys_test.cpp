#include "verify/trusted_keys.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <cstdlib>
#include <new>

#include "base/encoding.hpp"
#include "base/limits.hpp"
#include "base/zlib.hpp"

namespace {

// Of this thread. What OpenSSL allocates comes from malloc and is not counted.
thread_local std::size_t allocations = 0;

}  // namespace

#ifndef POSTERN_SANITIZER  // which has these itself; nothing is counted then
// Not inlined: GCC would see malloc() meet a delete, and warn.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
#endif

namespace postern::verify {
namespace {

namespace json = boost::json;

const Timestamp now = from_seconds(1'800'000'000);
const std::string issuer = "https://auth.example";
const std::string list_uri = issuer + "/status-lists/018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a01";

class TrustedKeysTest : public testing::Test {
protected:
    void SetUp() override {
        access_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        list_.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        ASSERT_TRUE(keys_.add(core::KeyPurpose::access, "a", *access_, SignatureAlgorithm::eddsa).has_value());
        ASSERT_TRUE(keys_.add(core::KeyPurpose::access, "old", *access_, SignatureAlgorithm::eddsa, now).has_value());
        ASSERT_TRUE(keys_.add(core::KeyPurpose::status_list, "l", *list_, SignatureAlgorithm::eddsa).has_value());
    }
    static std::string sign(const EvpKey& key, const json::object& header, const json::object& claims) {
        const std::string input =
            encode_base64url(json::serialize(header)) + "." + encode_base64url(json::serialize(claims));
        const EvpDigestContext context(EVP_MD_CTX_new());
        std::array<std::uint8_t, 64> signature{};
        std::size_t size = signature.size();
        EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(), nullptr);
        EVP_DigestSign(context.get(), signature.data(), &size, reinterpret_cast<const std::uint8_t*>(input.data()),
                       input.size());
        return input + "." + encode_base64url(signature);
    }
    static json::object header(std::string_view kid, std::string_view typ = "at+jwt") {
        return {{"alg", "EdDSA"}, {"typ", typ}, {"kid", kid}};
    }
    static json::object claims() {
        const json::object reference = {{"idx", 7}, {"uri", list_uri}};
        return {{"iss", issuer},
                {"aud", json::array{"https://api.example.com/a-long-name", "second"}},
                {"sub", "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b01"},
                {"client_id", "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8c01"},
                {"iat", to_seconds(now)},
                {"exp", to_seconds(now) + 900},
                {"jti", "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b02"},
                {"sid", "018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8b03"},
                {"type", "access"},
                {"roles", json::array{"clerk", "a role with a long name"}},
                {"scope", "orders:read orders:write-and-more"},
                {"plan", "gold"},
                {"regions", json::array{"eu-central", "us-east"}},
                {"status", {{"status_list", reference}}}};
    }
    static json::object list_claims() {
        const std::vector<std::uint8_t> bits = {0x81, 0};
        return {{"sub", list_uri},
                {"iat", to_seconds(now)},
                {"exp", to_seconds(now) + 60},
                {"ttl", 5},
                {"status_list", {{"bits", 1}, {"lst", encode_base64url(deflate_zlib(bits, 6))}}}};
    }
    [[nodiscard]] std::string list_error(const std::string& token) const {
        const auto list = keys_.read_status_list(token, issuer, list_uri, now);
        return list.has_value() ? "accepted" : list.error().message;
    }

    TrustedKeys keys_;
    EvpKey access_;
    EvpKey list_;
};

TEST_F(TrustedKeysTest, AllocateNothingButTheClaims) {
    const std::string token = sign(access_, header("a"), claims());
    const auto known = keys_.read_access_token(token);  // and what is allocated once
    ASSERT_TRUE(known.has_value()) << known.error().message;
    EXPECT_EQ(known->custom, R"({"plan":"gold","regions":["eu-central","us-east"]})");
    std::size_t before = allocations;
    const core::AccessClaims copy = *known;
    const std::size_t of_claims = allocations - before;
    before = allocations;
    const auto read = keys_.read_access_token(token);
    const std::size_t of_check = allocations - before;
    ASSERT_TRUE(read.has_value());
    EXPECT_GT(of_claims, 5U);
    EXPECT_LE(of_check, of_claims);
    EXPECT_EQ(read->roles, copy.roles);
}

TEST_F(TrustedKeysTest, KeepToTheirPurpose) {
    EXPECT_TRUE(keys_.read_access_token(sign(access_, header("a"), claims())).has_value());
    const auto unknown = keys_.read_access_token(sign(list_, header("l"), claims()));
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().code, core::unknown_key_code) << "a status list key is no key for access tokens";
    EXPECT_FALSE(keys_.read_access_token(sign(list_, header("a"), claims())).has_value());
    EXPECT_EQ(list_error(sign(list_, header("l", "statuslist+jwt"), list_claims())), "accepted");
    EXPECT_NE(list_error(sign(access_, header("a", "statuslist+jwt"), list_claims())), "accepted");
    EXPECT_NE(list_error(sign(list_, header("l"), list_claims())), "accepted") << "typ";
}

TEST_F(TrustedKeysTest, AreOutlivedByNoToken) {
    auto longer = claims();
    const auto read = keys_.read_access_token(sign(access_, header("old"), longer));
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().message, "The token outlives the key that signed it");
    longer["exp"] = to_seconds(now) + 5;
    EXPECT_TRUE(keys_.read_access_token(sign(access_, header("old"), longer)).has_value());
}

TEST_F(TrustedKeysTest, BelieveALateNotBeforeNoSooner) {
    auto late = claims();
    late["nbf"] = to_seconds(now) + 3600;
    EXPECT_EQ(keys_.read_access_token(sign(access_, header("a"), late))->issued_at, now + Seconds(3600));
    late["nbf"] = "soon";
    EXPECT_FALSE(keys_.read_access_token(sign(access_, header("a"), late)).has_value());
}

TEST_F(TrustedKeysTest, TakeOneSpellingOfAnAddress) {
    auto other = claims();
    const auto accepts = [&](const std::string& uri) {
        other["status"] = {{"status_list", {{"idx", 1}, {"uri", uri}}}};
        return keys_.read_access_token(sign(access_, header("a"), other)).has_value();
    };
    EXPECT_TRUE(accepts(list_uri));
    EXPECT_FALSE(accepts(issuer + "/status-lists/018F3C1E-7A00-7C3B-9D1A-5F0E4B2C8A01"));
    EXPECT_FALSE(accepts(list_uri + "/"));
    EXPECT_FALSE(accepts("https://evil.example/status-lists/018f3c1e-7a00-7c3b-9d1a-5f0e4b2c8a01"));
}

TEST_F(TrustedKeysTest, ReadAStatusList) {
    const auto list =
        keys_.read_status_list(sign(list_, header("l", "statuslist+jwt"), list_claims()), issuer, list_uri, now);
    ASSERT_TRUE(list.has_value());
    EXPECT_EQ(list->statuses.size(), 16U);
    EXPECT_EQ(list->statuses.at(0), 1U);
    EXPECT_EQ(list->statuses.at(1), 0U);
    EXPECT_EQ(list->statuses.at(7), 1U);
    EXPECT_EQ(list->time_to_live, Seconds(5));
    EXPECT_EQ(list_error(std::string(limits::status_list_token_bytes + 1, 'a')).find("The status list token is longer"),
              0U);
}

TEST(Statuses, OfEachSize) {
    const std::string packed = encode_base64url(deflate_zlib(std::vector<std::uint8_t>{0xc9, 0x44}, 6));
    EXPECT_EQ(Statuses::unpack(2, packed)->at(0), 1U);
    EXPECT_EQ(Statuses::unpack(2, packed)->at(3), 3U);
    EXPECT_EQ(Statuses::unpack(4, packed)->at(1), 12U);
    EXPECT_EQ(Statuses::unpack(8, packed)->at(1), 0x44U);
    for (const unsigned bits : {0U, 3U, 16U}) EXPECT_FALSE(Statuses::unpack(bits, packed).has_value());
}

}  // namespace
}  // namespace postern::verify

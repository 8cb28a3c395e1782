#include "verify/jwk.hpp"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "verify/test_vectors.hpp"

namespace postern::verify {
namespace {

namespace json = boost::json;

json::object object_of(std::string_view text) {
    auto parsed = parse_json(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed->get_object();
}

// `key` with its members changed as `change` says.
std::string refusal_of(std::string_view key, const json::object& change) {
    json::object changed = object_of(key);
    for (const auto& member : change) changed[member.key()] = member.value();
    const auto jwk = parse_public_jwk(changed);
    if (jwk.has_value()) return "accepted";
    EXPECT_EQ(jwk.error().code, "invalid_jwk");
    return jwk.error().message;
}

std::string zeroes(std::size_t count) {
    return encode_base64url(std::vector<std::uint8_t>(count));
}

TEST(Jwk, ReadsTheKeysOfTheRfcs) {
    const KeyShape shapes[] = {KeyShape::rsa,  KeyShape::rsa,  KeyShape::p256,
                               KeyShape::p384, KeyShape::p521, KeyShape::ed25519};
    for (std::size_t i = 0; i < vectors::all.size(); ++i) {
        const auto jwk = parse_public_jwk(object_of(vectors::all[i].key));
        ASSERT_TRUE(jwk.has_value()) << vectors::all[i].algorithm << ": " << jwk.error().message;
        EXPECT_EQ(jwk->shape, shapes[i]);
        for (const auto& [algorithm, name] : signature_algorithm_words) {
            EXPECT_EQ(jwk->allows(algorithm), shape_of(algorithm) == shapes[i]) << name;
        }
    }
}

TEST(Jwk, KeepsToItsAlg) {
    auto object = object_of(vectors::rfc7515_a2_key);
    object["alg"] = "PS256";
    const auto jwk = parse_public_jwk(object);
    ASSERT_TRUE(jwk.has_value());
    EXPECT_TRUE(jwk->allows(SignatureAlgorithm::ps256));
    EXPECT_FALSE(jwk->allows(SignatureAlgorithm::rs256));
    for (const auto* alg : {"ES256", "rs256", "HS256", "RSA-OAEP", "ES521", ""}) {
        object["alg"] = alg;
        const auto other = parse_public_jwk(object);
        ASSERT_TRUE(other.has_value());
        EXPECT_FALSE(other->allows(SignatureAlgorithm::rs256)) << alg;
        EXPECT_FALSE(other->allows(SignatureAlgorithm::ps256)) << alg;
    }
}

TEST(Jwk, HonoursUseAndKeyOps) {
    const auto key = vectors::rfc7515_a3_key;
    EXPECT_EQ(refusal_of(key, {{"use", "sig"}, {"key_ops", {"verify", "sign"}}}), "accepted");
    EXPECT_EQ(refusal_of(key, {{"key_ops", json::array{"verify"}}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"use", "enc"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"use", "SIG"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"use", 1}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"key_ops", json::array{"sign"}}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"key_ops", json::array{"encrypt"}}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"key_ops", json::array{}}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"key_ops", {"verify", "verify"}}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"key_ops", "verify"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"key_ops", json::array{"verify", 7}}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"use", "enc"}, {"key_ops", json::array{"verify"}}}), "accepted");
}

TEST(Jwk, RefusesBadPoints) {
    const auto key = vectors::rfc7515_a3_key;
    const auto p256 = object_of(key);
    EXPECT_EQ(refusal_of(key, {}), "accepted");
    EXPECT_NE(refusal_of(key, {{"y", p256.at("x")}}), "accepted") << "not on the curve";
    EXPECT_NE(refusal_of(key, {{"x", zeroes(32)}, {"y", zeroes(32)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", zeroes(31)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", zeroes(33)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", ""}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", std::string(p256.at("x").as_string()) + "="}}), "accepted") << "padding";
    EXPECT_NE(refusal_of(key, {{"x", 5}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", nullptr}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"crv", "P-384"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"crv", "secp256k1"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"crv", "p-256"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"kty", "OKP"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"kty", "ec"}}), "accepted");
    // The field's prime added to x gives the same point in another spelling.
    EXPECT_NE(refusal_of(key, {{"x", encode_base64url(std::vector<std::uint8_t>(32, 0xff))}}), "accepted");
}

TEST(Jwk, RefusesPointsOfSmallOrderOnEd25519) {
    const auto key = vectors::rfc8037_a4_key;
    std::vector<std::uint8_t> one(32);
    one[0] = 1;
    EXPECT_EQ(refusal_of(key, {}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", zeroes(32)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", encode_base64url(one)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", encode_base64url(std::vector<std::uint8_t>(32, 0xff))}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"x", zeroes(31)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"crv", "Ed448"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"crv", "X25519"}}), "accepted");
}

TEST(Jwk, RefusesBadRsaKeys) {
    const auto key = vectors::rfc7515_a2_key;
    const auto modulus = [](std::size_t bytes, std::uint8_t first, std::uint8_t last) {
        std::vector<std::uint8_t> n(bytes, 0x5a);
        n.front() = first;
        n.back() = last;
        return encode_base64url(n);
    };
    EXPECT_EQ(refusal_of(key, {{"e", "Aw"}}), "accepted") << "3 is legal";
    EXPECT_NE(refusal_of(vectors::rsa_1024_key, {}), "accepted");
    EXPECT_NE(refusal_of(key, {{"n", modulus(256, 0x7f, 1)}}), "accepted") << "2047 bits";
    EXPECT_NE(refusal_of(key, {{"n", modulus(1025, 1, 1)}}), "accepted") << "8193 bits";
    EXPECT_NE(refusal_of(key, {{"n", modulus(100'000, 0x80, 1)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"n", modulus(256, 0x80, 2)}}), "accepted") << "even";
    EXPECT_NE(refusal_of(key, {{"n", modulus(257, 0, 1)}}), "accepted") << "a leading zero byte";
    EXPECT_NE(refusal_of(key, {{"n", ""}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"e", "AQ"}}), "accepted") << "1";
    EXPECT_NE(refusal_of(key, {{"e", "Ag"}}), "accepted") << "2";
    EXPECT_NE(refusal_of(key, {{"e", ""}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"e", "AA"}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"e", "AAEAAQ"}}), "accepted") << "65537 with a leading zero byte";
    EXPECT_NE(refusal_of(key, {{"e", modulus(9, 1, 1)}}), "accepted");
    EXPECT_NE(refusal_of(key, {{"e", 65537}}), "accepted");
}

TEST(Jwk, RefusesOtherKinds) {
    const auto refused = [](std::string_view text) { return !parse_public_jwk(object_of(text)).has_value(); };
    EXPECT_TRUE(refused(R"({})"));
    EXPECT_TRUE(refused(R"({"kty":"oct","k":"AAAA","alg":"HS256"})"));
    EXPECT_TRUE(refused(R"({"kty":"XYZ"})"));
    EXPECT_TRUE(refused(R"({"kty":5})"));
    EXPECT_TRUE(refused(R"({"kty":"EC","crv":"P-256"})"));
    EXPECT_TRUE(refused(R"({"kty":"RSA","n":"AQAB"})"));
    EXPECT_NE(refusal_of(vectors::rfc7515_a3_key, {{"kid", 7}}), "accepted");
    EXPECT_NE(refusal_of(vectors::rfc7515_a3_key, {{"alg", nullptr}}), "accepted");
}

TEST(JwkSet, SkipsWhatItCannotUseAndSaysWhy) {
    const std::string text = R"({"keys":[{"kty":"XYZ","kid":"strange"},)" + std::string(vectors::rfc7515_a3_key) +
                             R"(,{"kty":"oct","k":"AAAA"}],"more":1})";
    const auto set = parse_jwk_set(text);
    ASSERT_TRUE(set.has_value());
    EXPECT_EQ(set->keys.size(), 1U);
    ASSERT_EQ(set->skipped.size(), 2U);
    EXPECT_NE(set->skipped[0].find("key 1 (\"strange\")"), std::string::npos) << set->skipped[0];
}

TEST(JwkSet, IsToldApartFromOtherTexts) {
    for (const std::string_view text : {"", "x", "[]", "{}", "7", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[7]})",
                                        R"({"keys":[],"keys":[]})", R"({"kty":"EC"})", "\xff\xfe"}) {
        const auto set = parse_jwk_set(text);
        ASSERT_FALSE(set.has_value()) << text;
        EXPECT_EQ(set.error().code, "invalid_jwks");
    }
}

}  // namespace
}  // namespace postern::verify

#include "crypto/token_inspector.hpp"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "crypto/key_pair.hpp"
#include "crypto/signature_maker.hpp"
#include "verify/test_vectors.hpp"

namespace postern::crypto {
namespace {

namespace json = boost::json;
using core::InspectionDepth;

const Timestamp now = from_seconds(1'800'000'000);

std::string set_of(const std::vector<std::string>& keys) {
    std::string text;
    for (const auto& key : keys) text += (text.empty() ? "" : ",") + key;
    return "{\"keys\":[" + text + "]}";
}

std::string with(std::string_view key, const json::object& members) {
    json::object changed = parse_json(key)->get_object();
    for (const auto& member : members) changed[member.key()] = member.value();
    return json::serialize(changed);
}

core::Inspection inspect(std::string_view token, const std::string& jwks,
                         InspectionDepth depth = InspectionDepth::signature) {
    auto inspection = TokenInspector().inspect(token, jwks, depth, now);
    EXPECT_TRUE(inspection.has_value());
    return inspection.has_value() ? std::move(inspection).take() : core::Inspection{};
}

// "accepted", or the name of the step that failed.
std::string verdict(std::string_view token, const std::string& jwks,
                    InspectionDepth depth = InspectionDepth::signature) {
    const auto inspection = inspect(token, jwks, depth);
    if (inspection.accepted) return "accepted";
    EXPECT_FALSE(inspection.steps.empty());
    EXPECT_FALSE(inspection.steps.back().passed);
    EXPECT_FALSE(inspection.steps.back().detail.empty());
    return inspection.steps.back().name;
}

// One ES256 key of the test's own, to sign anything with.
struct Signer {
    verify::EvpKey pair = generate_key_pair(verify::SignatureAlgorithm::es256).take();
    std::string jwks = set_of({*write_public_jwk(*pair, verify::SignatureAlgorithm::es256, "k")});

    [[nodiscard]] std::string sign(std::string_view header, std::string_view payload) const {
        const std::string input = encode_base64url(header) + "." + encode_base64url(payload);
        return input + "." +
               encode_base64url(*SignatureMaker::make(*pair, verify::SignatureAlgorithm::es256)->sign(input));
    }
    [[nodiscard]] std::string claims(std::string_view payload, InspectionDepth depth = InspectionDepth::claims) const {
        return verdict(sign(R"({"alg":"ES256","kid":"k"})", payload), jwks, depth);
    }
};

TEST(TokenInspector, AcceptsTheVectors) {
    std::vector<std::string> all;
    for (const auto& vector : verify::vectors::all) all.emplace_back(vector.key);
    for (const auto& vector : verify::vectors::all) {
        const std::string key(vector.key);
        EXPECT_EQ(verdict(vector.token, set_of({key})), "accepted") << vector.algorithm;
        EXPECT_EQ(verdict(vector.token, set_of(all)), "accepted") << vector.algorithm;
        EXPECT_EQ(verdict(std::string(vector.token) + "\n", set_of({key})), "accepted");
        EXPECT_EQ(verdict(vector.token, set_of({with(key, {{"alg", vector.algorithm}, {"use", "sig"}})})), "accepted");
        EXPECT_EQ(verdict(vector.token, set_of({with(key, {{"key_ops", json::array{"verify"}}})})), "accepted");
        EXPECT_EQ(verdict(vector.token, set_of({R"({"kty":"XYZ"})", with(key, {{"kid", "any"}})})), "accepted")
            << "a token without a kid may be any key's";
    }
}

TEST(TokenInspector, SaysWhatItSaw) {
    const auto inspection =
        inspect(verify::vectors::rfc7515_a3_token, set_of({std::string(verify::vectors::rfc7515_a3_key)}));
    EXPECT_EQ(inspection.header, R"({"alg":"ES256"})");
    EXPECT_EQ(inspection.claims, R"({"iss":"joe","exp":1300819380,"http://example.com/is_root":true})");
    std::vector<std::string> names;
    for (const auto& step : inspection.steps) {
        EXPECT_TRUE(step.passed);
        EXPECT_FALSE(step.detail.empty());
        names.push_back(step.name);
    }
    EXPECT_EQ(names, (std::vector<std::string>{"form", "header", "key", "signature"}));
    const auto text =
        inspect(verify::vectors::rfc7515_a4_token, set_of({std::string(verify::vectors::rfc7515_a4_key)}));
    EXPECT_EQ(text.claims, "") << "a payload that is not JSON";
    EXPECT_TRUE(text.accepted);
}

TEST(TokenInspector, JudgesTheForm) {
    const std::string jwks = set_of({std::string(verify::vectors::rfc7515_a3_key)});
    const std::string good(verify::vectors::rfc7515_a3_token);
    for (const std::string& token :
         {std::string(), std::string(".."), std::string("\n"), good + ".", "." + good, good + ".x", good + "=",
          good + "\n\n", good + "\r\n", " " + good, good + " ", "\n" + good, good + std::string(1, '\0'),
          good.substr(0, good.rfind('.')), good.substr(0, good.rfind('.') + 1), good.substr(good.find('.')),
          std::string(3'000'000, 'A'), std::string(R"({"payload":"Zm9v","signatures":[]})")}) {
        EXPECT_EQ(verdict(token, jwks), "form") << token.substr(0, 100);
    }
    for (const std::size_t dot : {good.find('.'), good.rfind('.')}) {
        for (const std::string_view noise : {" ", "    ", "?", "####", "\n", "=", "\t"}) {
            std::string before = good;
            before.insert(dot, noise);
            EXPECT_EQ(verdict(before, jwks), "form");
            std::string after = good;
            after.insert(dot + 1, noise);
            EXPECT_EQ(verdict(after, jwks), "form");
        }
    }
}

TEST(TokenInspector, NoticesEveryChangedByte) {
    for (const auto& vector : verify::vectors::all) {
        const std::string jwks = set_of({std::string(vector.key)});
        const std::string good(vector.token);
        const std::size_t step = vector.algorithm == "ES512" ? 3 : 1;
        for (std::size_t i = 0; i < good.size(); i += step) {
            std::string changed = good;
            changed[i] = good[i] == 'A' ? 'B' : 'A';
            ASSERT_NE(verdict(changed, jwks), "accepted") << vector.algorithm << " at " << i;
        }
    }
}

TEST(TokenInspector, JudgesTheHeader) {
    const Signer signer;
    for (const std::string_view header : {"{}",
                                          "[]",
                                          "null",
                                          R"({"alg":"none"})",
                                          R"({"alg":"None"})",
                                          R"({"alg":"HS256"})",
                                          R"({"alg":"HS512"})",
                                          R"({"alg":"es256"})",
                                          R"({"alg":"ES256K"})",
                                          R"({"alg":"RS384"})",
                                          R"({"alg":"PS384"})",
                                          R"({"alg":"Ed448"})",
                                          R"({"alg":["ES256"]})",
                                          R"({"alg":null})",
                                          R"({"alg":7})",
                                          R"({"alg":"ES256","alg":"ES256"})",
                                          R"({"alg":"ES256","kid":7})",
                                          R"({"alg":"ES256","crit":["exp"],"exp":1})",
                                          R"({"alg":"ES256","crit":[]})",
                                          R"({"alg":"ES256","b64":false})",
                                          R"({"alg":"ES256","b64":false,"crit":["b64"]})",
                                          R"({"alg":"ES256"} x)",
                                          "{\"alg\":\"ES256\",\"x\":\"\xff\"}"}) {
        EXPECT_EQ(verdict(signer.sign(header, "x"), signer.jwks), "header") << header;
    }
    EXPECT_EQ(verdict(signer.sign(" { \"alg\" :\r\n\t\"ES256\" } ", "x"), signer.jwks), "accepted")
        << "white space in JSON is legal";
    EXPECT_EQ(verdict(signer.sign(R"({"alg":"ES256","x5u":"https://a","jwk":{"kty":"oct"}})", "x"), signer.jwks),
              "accepted")
        << "what would choose a key is not looked at";
}

TEST(TokenInspector, ChoosesTheKey) {
    const std::string key(verify::vectors::rfc7515_a3_key);
    const auto token = verify::vectors::rfc7515_a3_token;
    EXPECT_EQ(verdict(token, set_of({with(key, {{"alg", "ES384"}})})), "key");
    EXPECT_EQ(verdict(token, set_of({with(key, {{"alg", "ES521"}})})), "key");
    EXPECT_EQ(verdict(token, set_of({with(key, {{"alg", "HS256"}})})), "key");
    EXPECT_EQ(verdict(token, set_of({with(key, {{"use", "enc"}})})), "key");
    EXPECT_EQ(verdict(token, set_of({with(key, {{"key_ops", json::array{"encrypt"}}})})), "key");
    EXPECT_EQ(verdict(token, set_of({std::string(verify::vectors::rfc7515_a4_key)})), "key") << "another curve";
    EXPECT_EQ(verdict(token, set_of({std::string(verify::vectors::rfc7515_a2_key)})), "key");
    EXPECT_EQ(verdict(token, set_of({R"({"kty":"oct","k":"AAAA"})"})), "key");
    EXPECT_EQ(verdict(verify::vectors::rsa_1024_token, set_of({std::string(verify::vectors::rsa_1024_key)})), "key");
    const auto inspection =
        inspect(verify::vectors::rsa_1024_token, set_of({std::string(verify::vectors::rsa_1024_key)}));
    EXPECT_NE(inspection.steps.back().detail.find("1024 bits"), std::string::npos) << inspection.steps.back().detail;
    EXPECT_EQ(verdict(verify::vectors::ps256_token, set_of({with(verify::vectors::ps256_key, {{"alg", "RS256"}})})),
              "key");
    EXPECT_EQ(
        verdict(verify::vectors::rfc7515_a2_token, set_of({with(verify::vectors::rfc7515_a2_key, {{"alg", "PS256"}})})),
        "key");
}

TEST(TokenInspector, MatchesTheKid) {
    const Signer signer;
    const Signer other;
    const auto key = [](const Signer& from, const json::value& kid) {
        json::object object = parse_json(from.jwks)->at("keys").as_array()[0].as_object();
        if (kid.is_null()) {
            object.erase("kid");
        } else {
            object["kid"] = kid;
        }
        return json::serialize(object);
    };
    const std::string token = signer.sign(R"({"alg":"ES256","kid":"k"})", "x");
    EXPECT_EQ(verdict(token, set_of({key(signer, "k")})), "accepted");
    EXPECT_EQ(verdict(token, set_of({key(signer, "K")})), "key") << "case counts";
    EXPECT_EQ(verdict(token, set_of({key(signer, "other")})), "key");
    EXPECT_EQ(verdict(token, set_of({key(signer, nullptr)})), "accepted") << "a key without a kid may be meant";
    EXPECT_EQ(verdict(token, set_of({key(signer, nullptr), key(other, "k")})), "signature") << "but not before its own";
    EXPECT_EQ(verdict(token, set_of({key(other, "k"), key(signer, "k")})), "accepted") << "two keys of one kid";
    EXPECT_EQ(verdict(signer.sign(R"({"alg":"ES256"})", "x"), set_of({key(other, "a"), key(signer, "b")})), "accepted");
}

TEST(TokenInspector, JudgesTheSignature) {
    const Signer signer;
    const Signer stranger;
    const std::string jwk = json::serialize(parse_json(stranger.jwks)->at("keys").as_array()[0]);
    EXPECT_EQ(verdict(stranger.sign(R"({"alg":"ES256","kid":"k"})", "x"), signer.jwks), "signature");
    EXPECT_EQ(verdict(stranger.sign(R"({"alg":"ES256","kid":"k","jwk":)" + jwk + "}", "x"), signer.jwks), "signature")
        << "an embedded key is nobody's word";
    EXPECT_EQ(verdict(verify::vectors::ps256_token_short_salt, set_of({std::string(verify::vectors::ps256_key)})),
              "signature");
    const std::string swapped =
        "eyJhbGciOiJSUzI1NiJ9" +
        std::string(verify::vectors::ps256_token.substr(verify::vectors::ps256_token.find('.')));
    EXPECT_EQ(verdict(swapped, set_of({std::string(verify::vectors::ps256_key)})), "signature");
}

TEST(TokenInspector, JudgesTheClaims) {
    const Signer signer;
    EXPECT_EQ(signer.claims(R"({"iat":1800000000,"exp":1800000300,"nbf":1799999999})"), "accepted");
    EXPECT_EQ(signer.claims("{}"), "accepted") << "RFC 7519 asks for no claim";
    EXPECT_EQ(signer.claims(R"({"exp":1800000000.5})"), "accepted") << "NumericDate may have a fraction";
    EXPECT_EQ(signer.claims(R"({"exp":1800000000})"), "time") << "on or after";
    EXPECT_EQ(signer.claims(R"({"exp":1799999999})"), "time");
    EXPECT_EQ(signer.claims(R"({"nbf":1800000003})"), "accepted") << "clocks differ a little";
    EXPECT_EQ(signer.claims(R"({"nbf":1800000060})"), "time");
    EXPECT_EQ(signer.claims(R"({"iat":1800000060})"), "time");
    for (const std::string_view value : {"\"1800000300\"", "null", "[1800000300]", "true", "{}", "-1", "-1e9"}) {
        for (const std::string_view name : {"exp", "nbf", "iat"}) {
            EXPECT_EQ(signer.claims("{\"" + std::string(name) + "\":" + std::string(value) + "}"), "time") << value;
        }
    }
    for (const std::string_view payload :
         {"", "x", "[]", "7", "null", R"({"exp":1e400})", R"({"exp":NaN})", R"({"exp":1,"exp":1800000300})",
          R"({"sub":7})", R"({"iss":[]})", R"({"jti":{}})", R"({"aud":7})", R"({"aud":["x",7]})", "{\"x\":\"\xff\"}"}) {
        EXPECT_EQ(signer.claims(payload), "type") << payload;
        EXPECT_EQ(signer.claims(payload, InspectionDepth::signature), "accepted") << "the signature is good";
    }
    EXPECT_EQ(signer.claims("{\"x\":" + std::string(100'000, '[')), "type");
}

TEST(TokenInspector, JudgesTheKindOfJwt) {
    const Signer signer;
    const auto typ = [&](std::string_view value) {
        return verdict(signer.sign(R"({"alg":"ES256","typ":")" + std::string(value) + "\"}", "{}"), signer.jwks,
                       InspectionDepth::claims);
    };
    for (const auto* good : {"JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt", "secevent+jwt"}) {
        EXPECT_EQ(typ(good), "accepted") << good;
    }
    for (const auto* bad : {"", "JOSE", "JOSE+JSON", "x", "jwt+x", "text/jwt/x"}) {
        EXPECT_EQ(typ(bad), "type") << bad;
    }
}

TEST(TokenInspector, CannotJudgeWithoutASet) {
    for (const std::string_view jwks : {"", "x", "[]", "{}", R"({"keys":[]})", R"({"keys":[7]})"}) {
        const auto inspection =
            TokenInspector().inspect(verify::vectors::rfc7515_a3_token, jwks, InspectionDepth::signature, now);
        ASSERT_FALSE(inspection.has_value());
        EXPECT_EQ(inspection.error().code, "invalid_jwks");
        EXPECT_EQ(inspection.error().kind, ErrorKind::invalid_input);
    }
}

}  // namespace
}  // namespace postern::crypto

// What strangers send instead of a token of ours, and what went wrong at others (the CVE that each test names).
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "crypto/key_ring_testing.hpp"
#include "crypto/token_claims.hpp"

namespace postern::crypto {
namespace {

class HostileToken : public testing::Test {
protected:
    // The claims of a good access token with `change` made to them; null takes a claim away.
    [[nodiscard]] std::string access_with(const json::object& change) const {
        return keys_.forge_access(keys_.access_header(), changed(write_claims(some_access_claims()), change));
    }
    [[nodiscard]] std::string refresh_with(const json::object& change) const {
        return keys_.forge_refresh(keys_.refresh_header(), changed(write_claims(some_refresh_claims()), change));
    }
    static std::string changed(const std::string& claims, const json::object& change) {
        json::object object = parse_json(claims)->get_object();
        for (const auto& member : change) {
            if (member.value().is_null()) {
                object.erase(member.key());
            } else {
                object[member.key()] = member.value();
            }
        }
        return json::serialize(object);
    }
    [[nodiscard]] std::string read(const std::string& token) const { return refusal(keys_.ring.read_access(token)); }
    void expect_refused(const std::string& token) const {
        EXPECT_NE(refusal(keys_.ring.read_access(token)), "accepted") << token.substr(0, 200);
        EXPECT_NE(refusal(keys_.ring.read_refresh(token)), "accepted") << token.substr(0, 200);
    }
    [[nodiscard]] std::string payload() const { return write_claims(some_access_claims()); }
    [[nodiscard]] std::string with_header(const json::object& header) const {
        return keys_.forge_access(json::serialize(header), payload());
    }

    RingOfKeys keys_;
};

TEST_F(HostileToken, IsSpoiltByAnyChangedByte) {
    const std::string access = *keys_.ring.sign(some_access_claims(), keys_.access.kid);
    const std::string refresh = *keys_.ring.sign(some_refresh_claims());
    for (const std::string& token : {access, refresh}) {
        for (std::size_t i = 0; i < token.size(); ++i) {
            for (const char replacement : {'A', '_', '.', '=', '\0', static_cast<char>(token[i] ^ 1)}) {
                if (token[i] == replacement) continue;
                std::string other = token;
                other[i] = replacement;
                expect_refused(other);
            }
            expect_refused(token.substr(0, i));
            expect_refused(token.substr(0, i) + token.substr(i + 1));
        }
    }
}

TEST_F(HostileToken, OfOddForms) {
    const std::string good = *keys_.ring.sign(some_access_claims(), keys_.access.kid);
    ASSERT_EQ(read(good), "accepted");
    for (const std::string& token :
         {std::string(), std::string("x"), good + ".", "." + good, good + "=", good + "\n", " " + good, good + good,
          good + "." + good, "Bearer " + good, std::string(limits::token_bytes, 'A'),
          std::string(limits::token_bytes, '.'), std::string(10'000'000, 'A')}) {
        expect_refused(token);
    }
    EXPECT_EQ(read(std::string(limits::token_bytes + 1, 'A')), "The token is longer than 8192 bytes");
}

TEST_F(HostileToken, ChoosesNoAlgorithm) {
    const std::string& kid = keys_.access.kid;
    ASSERT_EQ(read(with_header({{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", kid}})), "accepted");
    for (const auto* alg :
         {"none", "None", "NONE", "nOnE", "", "HS256", "hs256", "RS256", "ES384", "es256", "ES256 "}) {
        expect_refused(with_header({{"alg", alg}, {"typ", "at+jwt"}, {"kid", kid}}));
    }
    const std::string unsigned_header = json::serialize(json::object{{"alg", "none"}, {"typ", "at+jwt"}, {"kid", kid}});
    expect_refused(encode_base64url(unsigned_header) + "." + encode_base64url(payload()) + ".");
    expect_refused(with_header({{"typ", "at+jwt"}, {"kid", kid}}));
    expect_refused(with_header({{"alg", json::array{"ES256"}}, {"typ", "at+jwt"}, {"kid", kid}}));
}

// CVE-2024-54150, CVE-2026-44699: HS256 with the public key, or with nothing, for a secret.
TEST_F(HostileToken, SignedWithThePublicKey) {
    const auto pair =
        decode_private_key(*open_key(keys_.masters, keys_.access), verify::SignatureAlgorithm::es256).take();
    std::vector<std::string> secrets = {"", keys_.access.public_jwk, *keys_.ring.jwks(), keys_.access.kid,
                                        std::string(32, '\0')};
    std::uint8_t* der = nullptr;
    const int size = i2d_PUBKEY(pair.get(), &der);
    secrets.emplace_back(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(memory, pair.get());
    char* pem = nullptr;
    const long pem_size = BIO_get_mem_data(memory, &pem);
    secrets.emplace_back(pem, static_cast<std::size_t>(pem_size));
    BIO_free(memory);
    for (const auto& secret : secrets) {
        for (const auto* typ : {"at+jwt", "postern-rt+jwt"}) {
            for (const auto& kid : {keys_.access.kid, keys_.refresh.kid, std::string()}) {
                const std::string input =
                    encode_base64url(json::serialize(json::object{{"alg", "HS256"}, {"typ", typ}, {"kid", kid}})) +
                    "." + encode_base64url(payload());
                crypto_auth_hmacsha256_state state;
                crypto_auth_hmacsha256_init(&state, reinterpret_cast<const std::uint8_t*>(secret.data()),
                                            secret.size());
                crypto_auth_hmacsha256_update(&state, reinterpret_cast<const std::uint8_t*>(input.data()),
                                              input.size());
                std::array<std::uint8_t, 32> mac{};
                crypto_auth_hmacsha256_final(&state, mac.data());
                expect_refused(input + "." + encode_base64url(mac));
            }
        }
    }
}

// CVE-2026-41164: another kind of JWT, even when a key of ours signed it.
TEST_F(HostileToken, OfAnotherKind) {
    const std::string& kid = keys_.access.kid;
    EXPECT_EQ(read(with_header({{"alg", "ES256"}, {"typ", "application/AT+JWT"}, {"kid", kid}})), "accepted");
    for (const auto* typ : {"JWT", "jwt", "", "statuslist+jwt", "postern-rt+jwt", "at+jwt+x", "at jwt"}) {
        expect_refused(with_header({{"alg", "ES256"}, {"typ", typ}, {"kid", kid}}));
    }
    expect_refused(with_header({{"alg", "ES256"}, {"kid", kid}}));
    expect_refused(keys_.forge_access(keys_.access_header(), write_claims(some_refresh_claims())));
    expect_refused(keys_.forge_refresh(keys_.refresh_header(), write_claims(some_access_claims())));
    // The keys of one purpose are unknown to the other.
    expect_refused(keys_.forge_refresh(keys_.access_header(), payload()));
    expect_refused(keys_.forge_refresh(
        json::serialize(json::object{{"alg", "HS256"}, {"typ", "at+jwt"}, {"kid", keys_.refresh.kid}}), payload()));
    expect_refused(
        keys_.forge_access(json::serialize(json::object{{"alg", "ES256"}, {"typ", "postern-rt+jwt"}, {"kid", kid}}),
                           write_claims(some_refresh_claims())));
}

TEST_F(HostileToken, WithAHostileKid) {
    for (const json::value& kid :
         {json::value(nullptr), json::value(7), json::value(json::array{keys_.access.kid}), json::value(""),
          json::value("../../../dev/null"), json::value("' OR 1=1 --"), json::value(keys_.refresh.kid),
          json::value(keys_.status_list.kid), json::value(std::string(65536, 'k')),
          json::value(keys_.access.kid + std::string(1, '\0'))}) {
        expect_refused(with_header({{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", kid}}));
    }
    expect_refused(with_header({{"alg", "ES256"}, {"typ", "at+jwt"}}));
}

TEST_F(HostileToken, BringsItsOwnKey) {
    const auto stranger = generate_key_pair(verify::SignatureAlgorithm::es256).take();
    const auto jwk =
        parse_json(*write_public_jwk(*stranger, verify::SignatureAlgorithm::es256, keys_.access.kid)).take();
    const std::string input =
        encode_base64url(json::serialize(json::object{{"alg", "ES256"},
                                                      {"typ", "at+jwt"},
                                                      {"kid", keys_.access.kid},
                                                      {"jwk", jwk},
                                                      {"jku", "https://stranger.example/jwks.json"}})) +
        "." + encode_base64url(payload());
    expect_refused(input + "." +
                   encode_base64url(*SignatureMaker::make(*stranger, verify::SignatureAlgorithm::es256)->sign(input)));
}

TEST_F(HostileToken, WithCriticalExtensions) {
    for (const json::value& crit : {json::value(json::array{"exp"}), json::value(json::array{}), json::value(nullptr),
                                    json::value("exp"), json::value(json::array{"b64"})}) {
        expect_refused(
            with_header({{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", keys_.access.kid}, {"crit", crit}, {"exp", 1}}));
    }
    expect_refused(with_header({{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", keys_.access.kid}, {"b64", false}}));
}

// CVE-2026-25537: what is mistyped is an error, not absent. CVE-2023-7028: an array where a text belongs.
TEST_F(HostileToken, WithMistypedClaims) {
    ASSERT_EQ(read(access_with({})), "accepted");
    const std::string uuid = some_access_claims().subject.text();
    std::string upper = uuid;
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    for (const auto* name : {"iat", "exp"}) {
        for (const json::value& value :
             {json::value("1800000000"), json::value(1.5), json::value(1.8e9), json::value(1e300), json::value(-1),
              json::value(true), json::value(json::array{1}), json::value(json::object{}), json::value(253'402'300'800),
              json::value(std::numeric_limits<std::uint64_t>::max())}) {
            EXPECT_NE(read(access_with({{name, value}})), "accepted") << name << json::serialize(value);
            EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{name, value}}))), "accepted") << name;
        }
    }
    for (const auto* name : {"sub", "jti", "sid"}) {
        for (const json::value& value :
             {json::value(""), json::value("x"), json::value(1), json::value(upper), json::value(json::array{uuid}),
              json::value(uuid + " "), json::value("{" + uuid + "}"), json::value(uuid.substr(1))}) {
            EXPECT_NE(read(access_with({{name, value}})), "accepted") << name << json::serialize(value);
            EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{name, value}}))), "accepted") << name;
        }
    }
    for (const auto* name : {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "type", "status"}) {
        EXPECT_NE(read(access_with({{name, nullptr}})), "accepted") << "without " << name;
        EXPECT_NE(read(access_with({{name, true}})), "accepted") << name;
        EXPECT_NE(read(access_with({{name, json::object{}}})), "accepted") << name;
    }
    for (const auto* name : {"iss", "aud", "sub", "iat", "exp", "jti", "sid", "ctr", "type"}) {
        EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{name, nullptr}}))), "accepted") << "without " << name;
        EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{name, json::array{}}}))), "accepted") << name;
    }
    EXPECT_NE(read(access_with({{"type", "refresh"}})), "accepted");
    EXPECT_NE(read(access_with({{"aud", json::array{"x", 7}}})), "accepted");
    EXPECT_EQ(read(access_with({{"aud", "one"}})), "accepted") << "RFC 7519 allows a single text";
    EXPECT_EQ(read(access_with({{"more", json::array{1, 2}}})), "accepted");
    EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{"ctr", 6}}))), "accepted") << "the jti names another";
    EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{"ctr", "5"}}))), "accepted");
    EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{"ctr", -5}}))), "accepted");
    EXPECT_NE(refusal(keys_.ring.read_refresh(refresh_with({{"aud", json::array{"x"}}}))), "accepted");
}

TEST_F(HostileToken, WithAStrangeStatus) {
    const std::string list = core::ListId::make(test_now).text();
    const std::string uri_text = "https://auth.example/status-lists/" + list;
    const json::value uri(uri_text);
    const auto status = [&](const json::value& index, const json::value& where) {
        return read(access_with({{"status", {{"status_list", {{"idx", index}, {"uri", where}}}}}}));
    };
    EXPECT_EQ(status(0, uri), "accepted");
    EXPECT_EQ(status(4294967295, uri), "accepted");
    for (const json::value& index : {json::value(-1), json::value(4294967296), json::value("1"), json::value(1.0),
                                     json::value(nullptr), json::value(json::array{1})}) {
        EXPECT_NE(status(index, uri), "accepted") << json::serialize(index);
    }
    for (const json::value& where :
         {json::value("https://evil.example/status-lists/" + list), json::value(uri_text + "/"),
          json::value(uri_text + "?x"), json::value("https://auth.example/" + list), json::value(""), json::value(7),
          json::value(nullptr)}) {
        EXPECT_NE(status(0, where), "accepted") << json::serialize(where);
    }
    EXPECT_NE(read(access_with({{"status", {{"status_list", json::array{}}}}})), "accepted");
    EXPECT_NE(read(access_with({{"status", "x"}})), "accepted");
}

TEST_F(HostileToken, WithRawNonsenseForClaims) {
    std::string twice = payload();
    twice.replace(0, 1, R"({"exp":9999999999,)");
    std::string overflow = payload();
    overflow.replace(overflow.find("1800000900"), 10, "1e400");
    std::string exponent = payload();
    exponent.replace(exponent.find("1800000900"), 10, "18e8");
    for (const std::string& claims : {std::string(), std::string("null"), std::string("[]"), std::string("{"),
                                      payload() + "x", "\xef\xbb\xbf" + payload(), twice, overflow, exponent,
                                      std::string("{\"iss\":\"\xff\"}"), std::string(5000, '[')}) {
        expect_refused(keys_.forge_access(keys_.access_header(), claims));
    }
}

// Whatever is refused, the answer names no part of the token that could be used.
TEST_F(HostileToken, IsNeverQuoted) {
    const std::string good = *keys_.ring.sign(some_access_claims(), keys_.access.kid);
    const std::string signature = good.substr(good.rfind('.') + 1);
    std::string spoilt = good;
    spoilt[spoilt.size() - 5] = spoilt[spoilt.size() - 5] == 'A' ? 'B' : 'A';
    EXPECT_EQ(read(spoilt), "The token's signature is not valid");
    for (const std::string& token : {spoilt, good + "=", good + ".x", access_with({{"exp", "secret-looking"}})}) {
        const std::string message = read(token);
        EXPECT_EQ(message.find(signature.substr(0, 10)), std::string::npos);
        EXPECT_EQ(message.find("secret-looking"), std::string::npos);
    }
}

}  // namespace
}  // namespace postern::crypto

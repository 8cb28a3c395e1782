#include "crypto/key_ring.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <thread>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "core/account_claims.hpp"
#include "core/clients.hpp"
#include "crypto/key_ring_testing.hpp"
#include "verify/jwk.hpp"
#include "verify/signature.hpp"

namespace postern::crypto {
namespace {

using core::KeyAlgorithm;
using core::KeyPurpose;
using core::KeyState;

class KeyRingTest : public testing::Test {
protected:
    RingOfKeys keys_;
    const KeyRing& ring_ = keys_.ring;
};

TEST_F(KeyRingTest, ReadsTheAccessTokenThatItSigned) {
    for (const auto algorithm : {KeyAlgorithm::es256, KeyAlgorithm::eddsa, KeyAlgorithm::rs256}) {
        RingOfKeys keys(algorithm);
        const auto claims = some_access_claims();
        const auto token = keys.ring.sign(claims, keys.access.kid);
        ASSERT_TRUE(token.has_value());
        EXPECT_LT(token->size(), 1500U);
        const auto read = keys.ring.read_access(*token);
        ASSERT_TRUE(read.has_value()) << read.error().message;
        EXPECT_EQ(read->issuer, claims.issuer);
        EXPECT_EQ(read->audience, claims.audience);
        EXPECT_EQ(read->subject, claims.subject);
        EXPECT_EQ(read->client_id, claims.client_id);
        EXPECT_EQ(read->issued_at, claims.issued_at);
        EXPECT_EQ(read->expires_at, claims.expires_at);
        EXPECT_EQ(read->token_id, claims.token_id);
        EXPECT_EQ(read->session_id, claims.session_id);
        EXPECT_EQ(read->slot, claims.slot);
    }
}

// N words of the longest kind, then one that takes what is left of `bytes`, as core::bytes_in_token() counts them.
std::vector<std::string> words_of(std::size_t bytes, std::size_t longest) {
    std::vector<std::string> words;
    for (; bytes >= longest + 3 + 4; bytes -= longest + 3) {
        words.emplace_back(std::to_string(words.size()) + std::string(longest, 'w'));
        words.back().resize(longest);
    }
    words.emplace_back(bytes - 3, 'x');
    return words;
}

TEST_F(KeyRingTest, MakesNoTokenThatIsTooLongToBelieve) {
    RingOfKeys keys(KeyAlgorithm::rs256);  // the longest signature
    auto claims = some_access_claims();
    // The whole frame: three times the URL, a client_id, and what aud has around it.
    claims.client_id = std::string(limits::client_name_bytes, 'c');
    claims.issuer = "https://" + std::string((limits::token_frame_bytes - claims.client_id.size() - 3) / 3 - 8, 'u');
    claims.audience = {claims.issuer};
    claims.slot.index = limits::list_slots - 1;
    const auto size_of = [&] {
        const auto token = keys.ring.sign(claims, keys.access.kid);
        const auto read = keys.ring.read_access(*token);
        EXPECT_TRUE(read.has_value()) << token->size() << " bytes: " << read.error().message;
        return token->size();
    };

    core::Account account;
    std::string numbers = R"({"n":[1.5)";  // they grow when they are written: what is bounded is what is written
    while (core::accept_custom_claims(numbers + ",1.5]}").has_value()) numbers += ",1.5";
    account.custom_claims = core::accept_custom_claims(numbers + "]}").take();
    account.roles = words_of(64, limits::role_bytes);
    const std::size_t left = limits::account_claims_bytes - account.custom_claims.size() - 64;
    account.scopes = words_of(left, limits::scope_bytes);
    ASSERT_TRUE(core::check_claims_size(account).has_value());
    claims.custom = account.custom_claims;
    claims.roles = account.roles;
    claims.scopes = account.scopes;
    EXPECT_LE(size_of(), limits::token_bytes);
    account.roles.emplace_back("x");
    EXPECT_FALSE(core::check_claims_size(account).has_value()) << "that was the most";

    claims.custom.clear();
    claims.roles.clear();
    claims.scopes = words_of(1024, limits::scope_bytes);
    claims.audience = words_of(limits::client_claims_bytes - 1024, limits::audience_bytes);
    claims.session_id.bytes = claims.subject.bytes;  // a client's own
    claims.client_id = claims.subject.text();
    ASSERT_TRUE(core::check_claims_size(claims.audience, claims.scopes).has_value());
    EXPECT_LE(size_of(), limits::token_bytes);
    claims.scopes.emplace_back("x");
    EXPECT_FALSE(core::check_claims_size(claims.audience, claims.scopes).has_value());
}

TEST_F(KeyRingTest, WritesWhatRfc9068Wants) {
    const auto claims = some_access_claims();
    const auto parts = verify::split_jws(*ring_.sign(claims, keys_.access.kid)).take();
    const auto header = parse_json(text_of(parts.header));
    EXPECT_EQ(header->as_object(), (json::object{{"alg", "ES256"}, {"typ", "at+jwt"}, {"kid", keys_.access.kid}}));
    const auto payload = parse_json(text_of(parts.payload));
    EXPECT_EQ(
        payload->as_object(),
        (json::object{{"iss", "https://auth.example"},
                      {"aud", {"https://api.example", "second"}},
                      {"sub", claims.subject.text()},
                      {"client_id", "first-party"},
                      {"iat", 1'800'000'000},
                      {"exp", 1'800'000'900},
                      {"jti", claims.token_id.text()},
                      {"sid", claims.session_id.text()},
                      {"type", "access"},
                      {"status",
                       {{"status_list",
                         {{"idx", 7}, {"uri", "https://auth.example/status-lists/" + claims.slot.list.text()}}}}}}));
}

TEST_F(KeyRingTest, ReadsTheRefreshTokenThatItSigned) {
    const auto claims = some_refresh_claims();
    const auto token = ring_.sign(claims);
    ASSERT_TRUE(token.has_value());
    EXPECT_EQ(*token, *ring_.sign(claims)) << "a retry gets the same token";
    const auto read = ring_.read_refresh(*token);
    ASSERT_TRUE(read.has_value()) << read.error().message;
    EXPECT_EQ(read->issuer, claims.issuer);
    EXPECT_EQ(read->audience, claims.audience);
    EXPECT_EQ(read->subject, claims.subject);
    EXPECT_EQ(read->issued_at, claims.issued_at);
    EXPECT_EQ(read->expires_at, claims.expires_at);
    EXPECT_EQ(read->session_id, claims.session_id);
    EXPECT_EQ(read->counter, claims.counter);
    const auto payload = parse_json(text_of(verify::split_jws(*token)->payload));
    EXPECT_EQ(payload->at("jti").as_string(), claims.session_id.text() + ".5");
    EXPECT_EQ(payload->at("type").as_string(), "refresh");
    EXPECT_TRUE(payload->at("aud").is_string());
    const auto header = parse_json(text_of(verify::split_jws(*token)->header));
    EXPECT_EQ(header->at("typ").as_string(), "postern-rt+jwt");
    EXPECT_EQ(header->at("alg").as_string(), "HS256");
}

TEST_F(KeyRingTest, TakesNeitherTokenForTheOther) {
    const auto access = ring_.sign(some_access_claims(), keys_.access.kid);
    const auto refresh = ring_.sign(some_refresh_claims());
    EXPECT_EQ(refusal(ring_.read_access(*refresh)), "This is a refresh token; an access token is wanted");
    EXPECT_EQ(refusal(ring_.read_refresh(*access)), "This is an access token; a refresh token is wanted");
}

TEST_F(KeyRingTest, PublishesKeysOfAccessTokensAndOfStatusListsEachWithItsPurpose) {
    const auto set = parse_json(*ring_.jwks());
    ASSERT_TRUE(set.has_value());
    const json::array& published = set->at("keys").as_array();
    ASSERT_EQ(published.size(), 2U);
    std::map<std::string, std::string> purposes;
    for (const json::value& jwk : published) {
        EXPECT_EQ(jwk.at("use").as_string(), "sig");
        EXPECT_EQ(jwk.at("alg").as_string(), "ES256");
        EXPECT_FALSE(jwk.as_object().contains("d"));
        purposes[std::string(jwk.at("kid").as_string())] = std::string(jwk.at("postern_purpose").as_string());
    }
    EXPECT_EQ(purposes, (std::map<std::string, std::string>{{keys_.access.kid, "access"},
                                                            {keys_.status_list.kid, "status_list"}}));
    EXPECT_TRUE(verify::parse_jwk_set(*ring_.jwks())->skipped.empty());
    EXPECT_EQ(ring_.jwks()->find(keys_.refresh.kid), std::string::npos);
    EXPECT_TRUE(ring_.jwks()->starts_with(R"({"keys":[{)"));
    const KeyRing empty(keys_.masters);
    EXPECT_EQ(*empty.jwks(), R"({"keys":[]})");
}

core::StatusListClaims some_status_list_claims() {
    return {.subject = "https://auth.example/status-lists/" + core::ListId::make(test_now).text(),
            .issued_at = test_now,
            .expires_at = test_now + Seconds(600),
            .time_to_live = Seconds(5),
            .list = "eNrbuRgAAhcBXQ"};
}

TEST_F(KeyRingTest, SignsStatusListsWithTheirOwnKeyAndType) {
    const auto claims = some_status_list_claims();
    const auto token = ring_.sign(claims);
    ASSERT_TRUE(token.has_value());
    const auto parts = verify::split_jws(*token).take();
    EXPECT_EQ(parse_json(text_of(parts.header))->as_object(),
              (json::object{{"alg", "ES256"}, {"typ", "statuslist+jwt"}, {"kid", keys_.status_list.kid}}));
    EXPECT_EQ(parse_json(text_of(parts.payload))->as_object(),
              (json::object{{"sub", claims.subject},
                            {"iat", 1'800'000'000},
                            {"exp", 1'800'000'600},
                            {"ttl", 5},
                            {"status_list", {{"bits", 1}, {"lst", claims.list}}}}));
    const auto set = verify::parse_jwk_set(*ring_.jwks()).take();
    for (const verify::Jwk& jwk : set.keys) {
        const auto verifier = verify::SignatureVerifier::make(*jwk.key, verify::SignatureAlgorithm::es256);
        EXPECT_EQ(verifier->verify(parts.signing_input, parts.signature), jwk.kid == keys_.status_list.kid);
    }
}

// Whoever stole an access key must not make a list with it, nor the other way round.
TEST_F(KeyRingTest, KeepsTheKeysOfStatusListsOutOfAccessTokens) {
    auto disguised = keys_.status_list;
    disguised.purpose = KeyPurpose::access;
    EXPECT_FALSE(keys_.ring.load({disguised, keys_.refresh}).has_value());
    EXPECT_EQ(ring_.sign(some_access_claims(), keys_.status_list.kid).error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(keys_.ring.load({keys_.access, keys_.refresh}).has_value());
    EXPECT_EQ(ring_.sign(some_status_list_claims()).error().kind, ErrorKind::unavailable);
}

TEST_F(KeyRingTest, KnowsTheNextKeyBeforeItSigns) {
    auto next = keys_.vault.make_key(KeyPurpose::access, KeyAlgorithm::es256, test_now + Seconds(60)).take();
    next.state = KeyState::active;
    KeyRing ahead(keys_.masters);  // of a node that has activated it already
    ASSERT_TRUE(ahead.load({next, keys_.refresh}).has_value());
    const auto token = *ahead.sign(some_access_claims(), next.kid);
    EXPECT_EQ(ring_.read_access(token).error().code, core::unknown_key_code);

    next.state = KeyState::next;
    ASSERT_TRUE(keys_.ring.load({keys_.access, keys_.refresh, next}).has_value());
    EXPECT_TRUE(ring_.read_access(token).has_value());
    EXPECT_EQ(*ring_.access_kid(), keys_.access.kid) << "the one that waits is not the one that signs";
    EXPECT_EQ(ring_.sign(some_access_claims(), next.kid).error().kind, ErrorKind::unavailable);
    EXPECT_NE(ring_.jwks()->find(next.kid), std::string::npos);
}

TEST_F(KeyRingTest, KnowsTheNextRefreshKeyBeforeItSigns) {
    auto next = keys_.vault.make_key(KeyPurpose::refresh, KeyAlgorithm::hs256, test_now + Seconds(60)).take();
    KeyRing ahead(keys_.masters);
    ASSERT_TRUE(ahead.load({keys_.access, next}).has_value());
    const auto token = *ahead.sign(some_refresh_claims());
    EXPECT_EQ(ring_.read_refresh(token).error().code, core::unknown_key_code);
    next.state = KeyState::next;
    ASSERT_TRUE(keys_.ring.load({keys_.access, keys_.refresh, next}).has_value());
    EXPECT_TRUE(ring_.read_refresh(token).has_value());
    EXPECT_NE(*ring_.sign(some_refresh_claims()), token) << "signed by the active one";
}

TEST_F(KeyRingTest, HasNothingToSignWithAtFirst) {
    const KeyRing empty(keys_.masters);
    EXPECT_EQ(empty.access_kid().error().kind, ErrorKind::unavailable);
    EXPECT_EQ(empty.sign(some_access_claims(), "x").error().kind, ErrorKind::unavailable);
    EXPECT_EQ(empty.sign(some_refresh_claims()).error().kind, ErrorKind::unavailable);
    EXPECT_FALSE(empty.read_access(*ring_.sign(some_access_claims(), keys_.access.kid)).has_value());
}

TEST_F(KeyRingTest, FollowsTheLifeOfAKey) {
    const auto token = ring_.sign(some_access_claims(), keys_.access.kid);
    const auto before = ring_.generation();

    auto newer = keys_.vault.make_key(KeyPurpose::access, KeyAlgorithm::eddsa, test_now + Seconds(60)).take();
    keys_.access.state = KeyState::retired;
    keys_.access.expires_at = some_access_claims().expires_at;
    ASSERT_TRUE(keys_.ring.load({newer, keys_.access, keys_.refresh}).has_value());
    EXPECT_GT(ring_.generation(), before);
    EXPECT_EQ(*ring_.access_kid(), newer.kid);
    EXPECT_TRUE(ring_.read_access(*token).has_value()) << "a retired key verifies";
    EXPECT_TRUE(ring_.sign(some_access_claims(), keys_.access.kid).has_value()) << "and finishes what it began";
    const auto set = verify::parse_jwk_set(*ring_.jwks());
    ASSERT_EQ(set->keys.size(), 2U);
    EXPECT_EQ(set->keys[0].kid, keys_.access.kid) << "oldest first";

    auto outliving = some_access_claims();
    outliving.expires_at += Seconds(3600);
    EXPECT_EQ(refusal(ring_.read_access(*ring_.sign(outliving, keys_.access.kid))),
              "The token outlives the key that signed it");

    keys_.access.state = KeyState::revoked;
    const auto retired = ring_.generation();
    ASSERT_TRUE(keys_.ring.load({newer, keys_.access, keys_.refresh}).has_value());
    EXPECT_GT(ring_.generation(), retired);
    EXPECT_FALSE(ring_.read_access(*token).has_value());
    EXPECT_EQ(ring_.sign(some_access_claims(), keys_.access.kid).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(verify::parse_jwk_set(*ring_.jwks())->keys.size(), 1U);
}

TEST_F(KeyRingTest, ChangesItsGenerationOnlyWithItsKeys) {
    const auto before = ring_.generation();
    ASSERT_TRUE(
        keys_.ring.load({keys_.derivation, keys_.audit, keys_.status_list, keys_.refresh, keys_.access}).has_value());
    EXPECT_EQ(ring_.generation(), before) << "the same keys in another order";
}

// One row that nobody can read must not keep a leaked key alive.
TEST_F(KeyRingTest, DropsWhatWasRevokedAlsoWhenOtherKeysCannotBeOpened) {
    const auto token = ring_.sign(some_access_claims(), keys_.access.kid).take();
    const auto generation = ring_.generation();
    auto leaked = keys_.access;
    leaked.state = KeyState::revoked;
    auto damaged = keys_.status_list;
    damaged.sealed[30] ^= 1;
    EXPECT_FALSE(keys_.ring.load({leaked, damaged, keys_.refresh}).has_value());
    EXPECT_EQ(ring_.read_access(token).error().code, core::unknown_key_code);
    EXPECT_EQ(ring_.sign(some_access_claims(), leaked.kid).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(ring_.jwks()->find(leaked.kid), std::string::npos);
    EXPECT_GT(ring_.generation(), generation) << "what was verified before counts for nothing";
    EXPECT_TRUE(ring_.sign(some_refresh_claims()).has_value());
    EXPECT_TRUE(ring_.sign(some_status_list_claims()).has_value()) << "as before";
    const auto after = ring_.generation();
    EXPECT_FALSE(keys_.ring.load({leaked, damaged, keys_.refresh}).has_value());
    EXPECT_EQ(ring_.generation(), after) << "nothing more was lost";
}

TEST_F(KeyRingTest, StaysAsItWasWhenKeysCannotBeOpened) {
    const auto jwks = ring_.jwks();
    auto damaged = keys_.access;
    damaged.sealed[30] ^= 1;
    EXPECT_EQ(keys_.ring.load({damaged}).error().kind, ErrorKind::internal);
    auto foreign = keys_.access;
    foreign.master_key_id = "another";
    EXPECT_EQ(keys_.ring.load({foreign}).error().code, "master_key_wrong");
    auto disguised = keys_.refresh;
    disguised.purpose = KeyPurpose::access;
    EXPECT_FALSE(keys_.ring.load({disguised}).has_value());
    EXPECT_EQ(ring_.jwks(), jwks);
    EXPECT_TRUE(ring_.sign(some_access_claims(), keys_.access.kid).has_value());
}

TEST_F(KeyRingTest, PublishesThePrivateKeysOwnPublicHalf) {
    auto changed = keys_.access;
    changed.public_jwk = keys_.status_list.public_jwk;
    ASSERT_TRUE(keys_.ring.load({changed, keys_.refresh}).has_value());
    EXPECT_EQ(verify::parse_jwk_set(*ring_.jwks())->keys.at(0).kid, keys_.access.kid);
}

TEST_F(KeyRingTest, ServesReadersWhileKeysChange) {
    const auto token = *ring_.sign(some_access_claims(), keys_.access.kid);
    std::atomic<bool> stop = false;
    std::atomic<int> failures = 0;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            while (!stop) {
                if (!ring_.read_access(token).has_value() || ring_.jwks()->empty()) ++failures;
            }
        });
    }
    for (int i = 0; i < 50; ++i) {
        keys_.access.state = i % 2 == 0 ? KeyState::retired : KeyState::active;
        EXPECT_TRUE(keys_.ring.load({keys_.access, keys_.refresh}).has_value());
    }
    stop = true;
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(failures, 0);
}

TEST_F(KeyRingTest, ReadsBackAnyClaims) {
    EXPECT_TRUE(rc::check("what is signed is read", [&] {
        auto claims = some_access_claims();
        claims.issued_at = from_seconds(*rc::gen::inRange<std::int64_t>(0, 253'402'300'799));
        claims.expires_at = from_seconds(*rc::gen::inRange<std::int64_t>(0, 253'402'300'799));
        claims.slot.index = *rc::gen::arbitrary<std::uint32_t>();
        const auto read = ring_.read_access(*ring_.sign(claims, keys_.access.kid));
        RC_ASSERT(read.has_value());
        RC_ASSERT(read->issued_at == claims.issued_at);
        RC_ASSERT(read->expires_at == claims.expires_at);
        RC_ASSERT(read->slot == claims.slot);
        auto refresh = some_refresh_claims();
        refresh.counter = *rc::gen::inRange<std::int64_t>(0, std::numeric_limits<std::int64_t>::max());
        const auto read_refresh = ring_.read_refresh(*ring_.sign(refresh));
        RC_ASSERT(read_refresh.has_value());
        RC_ASSERT(read_refresh->counter == refresh.counter);
    }));
}

}  // namespace
}  // namespace postern::crypto
